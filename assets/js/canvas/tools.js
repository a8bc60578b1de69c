// The tools: what a stroke does to the sheet.

import {
  NOTHING, boxBetween, clipBox, elementBox, eraserInk, fillRect, floodFill, layMirrored, mirrorBox,
  putPiece, repeatSteps, snap, snapPoint, strokeSegment,
} from "./label_map.js";

/** Calls paint once, and again for the other side where the sheet is mirrored. */
function onBothSides(sheet, paint) {
  paint(false);
  if (sheet.mirror) paint(true);
}

function strokeLine(sheet, from, to, ink) {
  const end = (point, flip) => {
    const x = snap(point.x, sheet.brush);
    return { x: flip ? sheet.shape.width - x : x, y: point.y };
  };
  onBothSides(sheet, (flip) => {
    strokeSegment(sheet.map, sheet.shape, end(from, flip), end(to, flip), sheet.brush, ink);
  });
}

function dragMarquee(sheet, stroke, point) {
  sheet.selection.choose(clipBox(sheet.shape, boxBetween(stroke.first, point, sheet.grid)));
}

function boxAt(sheet, point) {
  return elementBox(sheet.map, sheet.shape, Math.floor(point.x), Math.floor(point.y), sheet.wall);
}

/** How far a stroke has come, in whole pixels, or in whole cells of the grid. */
function distance(sheet, stroke, point) {
  const step = sheet.grid || 1;
  const whole = (value) => Math.round(value / step) * step;
  return { dx: whole(point.x - stroke.first.x), dy: whole(point.y - stroke.first.y) };
}

/**
 * Tools by name. `start` and `move` change sheet.map, `end` closes the stroke; a stroke holds the
 * map it began with, the first and the last point, and whatever the tool keeps there.
 */
export const TOOLS = {
  brush: {
    start(sheet, stroke, point) {
      const id = sheet.classId;
      stroke.ink = () => id;
      this.move(sheet, stroke, point);
    },
    move(sheet, stroke, point) { strokeLine(sheet, stroke.last, point, stroke.ink); },
  },

  eraser: {
    start(sheet, stroke, point) {
      stroke.ink = eraserInk(sheet.idAt(point), sheet.wall);
      this.move(sheet, stroke, point);
    },
    move(sheet, stroke, point) { strokeLine(sheet, stroke.last, point, stroke.ink); },
  },

  line: {
    start(sheet, stroke, point) { this.move(sheet, stroke, point); },
    move(sheet, stroke, point) {
      const id = sheet.classId;
      sheet.map.set(stroke.before);
      const [from, to] = [stroke.first, point].map((end) => snapPoint(end, sheet.grid));
      strokeLine(sheet, from, to, () => id);
    },
  },

  rectangle: {
    start(sheet, stroke, point) { this.move(sheet, stroke, point); },
    move(sheet, stroke, point) {
      const box = boxBetween(stroke.first, point, sheet.grid);
      sheet.map.set(stroke.before);
      onBothSides(sheet, (flip) => {
        const { left, top, width, height } = flip ? mirrorBox(sheet.shape, box) : box;
        const [right, bottom] = [left + width - 1, top + height - 1];
        fillRect(sheet.map, sheet.shape, left, top, right, bottom, sheet.classId);
      });
    },
  },

  fill: {
    start(sheet, stroke, point) {
      const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
      onBothSides(sheet, (flip) => {
        floodFill(sheet.map, sheet.shape, flip ? sheet.shape.width - 1 - x : x, y, sheet.classId);
      });
    },
    move() {},
  },

  eyedropper: {
    start(sheet, stroke, point) { this.move(sheet, stroke, point); },
    move(sheet, stroke, point) { sheet.onPick(sheet.idAt(point)); },
    end(sheet) { sheet.onPicked(); },
  },

  select: {
    start(sheet, stroke, point) {
      stroke.moves = sheet.selection.holds(point);
      if (stroke.moves) stroke.from = { ...sheet.selection.box };
      else sheet.selection.drop();
    },
    move(sheet, stroke, point) {
      if (!stroke.moves) return dragMarquee(sheet, stroke, point);
      const { dx, dy } = distance(sheet, stroke, point);
      const { left, top } = stroke.from;
      if (dx || dy || sheet.selection.floating) sheet.selection.moveTo(left + dx, top + dy);
    },
    end(sheet, stroke) { // a click on an element takes all of it
      const still = Math.hypot(stroke.last.x - stroke.first.x, stroke.last.y - stroke.first.y) < 2;
      if (still && !stroke.moves) sheet.selection.choose(boxAt(sheet, stroke.first));
    },
  },

  repeat: {
    start(sheet, stroke, point) {
      const { selection } = sheet;
      if (!selection.holds(point)) selection.choose(boxAt(sheet, point));
      if (!selection.box) return;
      stroke.piece = selection.piece();
      stroke.from = { ...selection.box };
      selection.settle();
    },
    move(sheet, stroke, point) {
      if (!stroke.piece) return dragMarquee(sheet, stroke, point);
      const { dx, dy } = distance(sheet, stroke, point);
      const { left, top, width } = stroke.from;
      const layer = new Uint8Array(sheet.map.length).fill(NOTHING);
      for (const [x, y] of [[0, 0], ...repeatSteps(stroke.piece, sheet.gap, dx, dy)]) {
        putPiece(layer, sheet.shape, stroke.piece, left + x, top + y);
      }
      sheet.map.set(stroke.before);
      if (sheet.mirror) {
        layMirrored(sheet.map, sheet.shape, layer, left + width / 2 < sheet.shape.width / 2);
      } else {
        layer.forEach((id, i) => { if (id !== NOTHING) sheet.map[i] = id; });
      }
    },
  },
};
