// The drawing tools.

import {
  NOTHING, boxBetween, clipBox, elementBox, eraserInk, fillRect, floodFill, pasteMirrored, mirrorBox,
  putPiece, repeatSteps, snap, snapPoint, strokeSegment,
} from "./label_map.js";

/** Calls paint(false), and paint(true) for the other side where the canvas is mirrored. */
function onBothSides(canvas, paint) {
  paint(false);
  if (canvas.mirror) paint(true);
}

function strokeLine(canvas, from, to, ink, diameter = canvas.brush, map = canvas.map) {
  const end = (point, flip) => {
    const x = snap(point.x, diameter);
    return { x: flip ? canvas.shape.width - x : x, y: point.y };
  };
  onBothSides(canvas, (flip) => {
    strokeSegment(map, canvas.shape, end(from, flip), end(to, flip), diameter, ink);
  });
}

/** The diameter of the brush at a point; `pressure` of a pen is 0 to 1, undefined of other pointers. */
export function brushAt({ brush, pressure: isOn }, { pressure }) {
  return isOn && pressure !== undefined ? Math.max(1, Math.round(brush * Math.sqrt(pressure))) : brush;
}

const strokeBrush = (canvas, stroke, point) => (
  strokeLine(canvas, stroke.last, point, stroke.ink, brushAt(canvas, point))
);

function dragMarquee(canvas, stroke, point) {
  canvas.selection.choose(clipBox(canvas.shape, boxBetween(stroke.first, point, canvas.grid)));
}

function boxAt(canvas, point) {
  return elementBox(canvas.map, canvas.shape, Math.floor(point.x), Math.floor(point.y), canvas.wall);
}

/** The distance from the start of a stroke, in whole pixels or whole cells of the grid. */
function distance(canvas, stroke, point) {
  const step = canvas.grid || 1;
  const whole = (value) => Math.round(value / step) * step;
  return { dx: whole(point.x - stroke.first.x), dy: whole(point.y - stroke.first.y) };
}

/**
 * Tools by name. `start` and `move` change canvas.map; `end` is called when the stroke ends. A stroke
 * has the map `before` it, its `first` and `last` point, and whatever the tool stores in it.
 */
export const TOOLS = {
  brush: {
    start(canvas, stroke, point) {
      const id = canvas.classId;
      stroke.ink = () => id;
      this.move(canvas, stroke, point);
    },
    move: strokeBrush,
  },

  eraser: {
    start(canvas, stroke, point) {
      stroke.ink = eraserInk(canvas.idAt(point), canvas.wall);
      this.move(canvas, stroke, point);
    },
    move: strokeBrush,
  },

  line: {
    start(canvas, stroke, point) { this.move(canvas, stroke, point); },
    move(canvas, stroke, point) {
      const id = canvas.classId;
      canvas.map.set(stroke.before);
      const [from, to] = [stroke.first, point].map((end) => snapPoint(end, canvas.grid));
      strokeLine(canvas, from, to, () => id);
    },
  },

  rectangle: {
    start(canvas, stroke, point) { this.move(canvas, stroke, point); },
    move(canvas, stroke, point) {
      const box = boxBetween(stroke.first, point, canvas.grid);
      canvas.map.set(stroke.before);
      onBothSides(canvas, (flip) => {
        const { left, top, width, height } = flip ? mirrorBox(canvas.shape, box) : box;
        const [right, bottom] = [left + width - 1, top + height - 1];
        fillRect(canvas.map, canvas.shape, left, top, right, bottom, canvas.classId);
      });
    },
  },

  fill: {
    start(canvas, stroke, point) {
      const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
      onBothSides(canvas, (flip) => {
        floodFill(canvas.map, canvas.shape, flip ? canvas.shape.width - 1 - x : x, y, canvas.classId);
      });
    },
    move() {},
  },

  eyedropper: {
    start(canvas, stroke, point) { this.move(canvas, stroke, point); },
    move(canvas, stroke, point) { canvas.onPick(canvas.idAt(point)); },
    end(canvas) { canvas.onPicked(); },
  },

  look: { // draws on the parts that have a look of their own, not on the map
    start(canvas, stroke, point) {
      if (!canvas.looks.look) canvas.looks.add();
      stroke.looks = canvas.looks.state;
      this.move(canvas, stroke, point);
    },
    move(canvas, stroke, point) {
      const { looks, shape } = canvas;
      const isBrush = looks.kind === "brush";
      looks.paint(isBrush ? looks.state : stroke.looks, (ids, id) => {
        if (isBrush) {
          strokeLine(canvas, stroke.last, point, () => id, brushAt(canvas, point), ids);
          return;
        }
        const box = boxBetween(stroke.first, point, canvas.grid);
        onBothSides(canvas, (flip) => {
          const { left, top, width, height } = flip ? mirrorBox(shape, box) : box;
          fillRect(ids, shape, left, top, left + width - 1, top + height - 1, id);
        });
      });
    },
    end(canvas, { first, last, looks: before, pointer }) { // a tap on a part chooses it
      const { looks } = canvas;
      const isStill = pointer !== "keys" && Math.hypot(last.x - first.x, last.y - first.y) < 2;
      const id = looks.idAt(first, before);
      const isOther = id > 0 && id !== looks.current && !looks.erases;
      if (!isStill || (looks.kind === "brush" && !isOther)) return;
      looks.set(before);
      canvas.onChange();
      if (isOther) looks.choose(id);
    },
  },

  hand: { // by keys: by a pointer it never starts, see pointer_input.js
    start({ view, shape }, stroke, point) {
      const spot = { x: point.x / shape.width, y: point.y / shape.height };
      view.zoomIn(spot);
      view.reveal(spot);
    },
    move() {},
  },

  select: {
    start(canvas, stroke, point) {
      stroke.moves = canvas.selection.holds(point);
      if (stroke.moves) stroke.from = { ...canvas.selection.box };
      else canvas.selection.drop();
    },
    move(canvas, stroke, point) {
      if (!stroke.moves) return dragMarquee(canvas, stroke, point);
      const { dx, dy } = distance(canvas, stroke, point);
      const { left, top } = stroke.from;
      if (dx || dy || canvas.selection.floating) canvas.selection.moveTo(left + dx, top + dy);
    },
    end(canvas, stroke) { // a click on an element takes all of it
      const still = Math.hypot(stroke.last.x - stroke.first.x, stroke.last.y - stroke.first.y) < 2;
      if (still && !stroke.moves) canvas.selection.choose(boxAt(canvas, stroke.first));
    },
  },

  repeat: {
    start(canvas, stroke, point) {
      const { selection } = canvas;
      if (!selection.holds(point)) selection.choose(boxAt(canvas, point));
      if (!selection.box) return;
      stroke.piece = selection.piece();
      stroke.from = { ...selection.box };
      selection.settle();
    },
    move(canvas, stroke, point) {
      if (!stroke.piece) return dragMarquee(canvas, stroke, point);
      const { dx, dy } = distance(canvas, stroke, point);
      const { left, top, width } = stroke.from;
      const layer = new Uint8Array(canvas.map.length).fill(NOTHING);
      for (const [x, y] of [[0, 0], ...repeatSteps(stroke.piece, canvas.gap, dx, dy)]) {
        putPiece(layer, canvas.shape, stroke.piece, left + x, top + y);
      }
      canvas.map.set(stroke.before);
      if (canvas.mirror) {
        pasteMirrored(canvas.map, canvas.shape, layer, left + width / 2 < canvas.shape.width / 2);
      } else {
        layer.forEach((id, i) => { if (id !== NOTHING) canvas.map[i] = id; });
      }
    },
  },
};
