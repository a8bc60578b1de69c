// Small drawings are drawn large and put back: pix2pix/inference/drawing_frame.py. No DOM: runs under Node too.

import { resizeArea } from "../colorize/cv_resize.js";
import { clamp } from "../colorize/numbers.js";
import { newPixels } from "../colorize/planes.js";
import { resizeLabelMap } from "../labels/label_map.js";
import { resizePixels } from "./tensors.js";

const INK = 1;
const SMALL = 0.85;
const MIN_SCALE = 0.15;
const CELLS = 50;
const MIN_OUTLINE = 0.5;
const MIN_DETAILS = 2;
const FEATHER = 0.1;
const CORNERS = 8;

const round = (value) => Math.floor(value + 0.5);

/**
 * The frame { left, top, width, height } in which a small drawing { width, height, ids } has the size and place of
 * `box`: left, top, right, bottom as fractions of the sheet. Null for any other drawing.
 */
export function findFrame(drawing, [x0, y0, x1, y1]) {
  const ink = inkBox(drawing);
  if (!ink) return null;
  const { left, top, right, bottom } = ink;
  const scale = Math.max((right - left) / ((x1 - x0) * drawing.width), (bottom - top) / ((y1 - y0) * drawing.height));
  if (scale > SMALL || !hasOutline(drawing, ink)) return null;
  const [width, height] = [drawing.width, drawing.height].map((side) => round(side * Math.max(scale, MIN_SCALE)));
  return {
    left: round((left + right - (x0 + x1) * width) / 2), top: round((top + bottom - (y0 + y1) * height) / 2), width, height,
  };
}

/** The frame's part of a drawing, enlarged to the size of the drawing. */
export function cutFrame({ width, height, ids }, frame) {
  const part = { width: frame.width, height: frame.height, ids: new Uint8Array(frame.width * frame.height) };
  for (let y = 0; y < part.height; y += 1) {
    for (let x = 0; x < part.width; x += 1) {
      const [column, row] = [frame.left + x, frame.top + y];
      const isInside = column >= 0 && column < width && row >= 0 && row < height;
      if (isInside) part.ids[y * part.width + x] = ids[row * width + column];
    }
  }
  return resizeLabelMap(part, width, height);
}

/** A sheet with a picture { width, height, data: RGBA } of its size in the frame, on the colours of its corners. */
export function pasteFrame(picture, frame) {
  const { width, height } = picture;
  const inner = resizePixels(picture, frame.width, frame.height, resizeArea);
  const { data: low } = resizePixels(picture, CORNERS, CORNERS, resizeArea);
  const across = placesAlong(width, frame.left, frame.width);
  const down = placesAlong(height, frame.top, frame.height);
  const [fadeX, fadeY] = [across, down].map((places) => places.map(fade));
  const corner = (row, column) => 4 * (CORNERS - 1) * (row * CORNERS + column);
  const sheet = newPixels(width, height);
  for (let y = 0, to = 0; y < height; y += 1) {
    const row = clamp(y - frame.top, 0, frame.height - 1);
    const v = clamp(down[y], 0, 1);
    for (let x = 0; x < width; x += 1, to += 4) {
      const from = 4 * (row * frame.width + clamp(x - frame.left, 0, frame.width - 1));
      const u = clamp(across[x], 0, 1);
      const weight = Math.min(fadeX[x], fadeY[y]);
      for (let c = 0; c < 3; c += 1) {
        const upper = low[corner(0, 0) + c] * (1 - u) + low[corner(0, 1) + c] * u;
        const lower = low[corner(1, 0) + c] * (1 - u) + low[corner(1, 1) + c] * u;
        const background = upper * (1 - v) + lower * v;
        sheet.data[to + c] = Math.floor(background * (1 - weight) + inner.data[from + c] * weight + 0.5);
      }
      sheet.data[to + 3] = 255;
    }
  }
  return sheet;
}

/** The smallest box { left, top, right, bottom } of all ink; null without ink. */
function inkBox({ width, ids }) {
  let [left, top, right, bottom] = [Infinity, Infinity, 0, 0];
  for (let i = 0; i < ids.length; i += 1) {
    if (ids[i] !== INK) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, top] = [Math.min(left, x), Math.min(top, y)];
    [right, bottom] = [Math.max(right, x + 1), Math.max(bottom, y + 1)];
  }
  return right ? { left, top, right, bottom } : null;
}

/** Whether the largest connected part of a drawing surrounds enough others. */
function hasOutline(drawing, { left, top, right, bottom }) {
  const cell = Math.max(1, Math.floor(Math.max(right - left, bottom - top) / CELLS));
  const [columns, rows] = [Math.ceil((right - left) / cell), Math.ceil((bottom - top) / cell)];
  const grid = new Uint8Array(columns * rows);
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) {
      if (drawing.ids[y * drawing.width + x] !== INK) continue;
      grid[Math.floor((y - top) / cell) * columns + Math.floor((x - left) / cell)] = 1;
    }
  }
  const boxes = connectedBoxes(grid, columns, rows);
  const area = (box) => (box.right - box.left) * (box.bottom - box.top);
  const outer = boxes.reduce((best, box) => (area(box) > area(best) ? box : best));
  const inside = boxes.filter((box) => (
    box.left >= outer.left && box.top >= outer.top && box.right <= outer.right && box.bottom <= outer.bottom
  ));
  return area(outer) >= MIN_OUTLINE * rows * columns && inside.length > MIN_DETAILS; // the outline is inside itself
}

/** The boxes of the eight-connected parts of a grid, which it clears. */
function connectedBoxes(grid, columns, rows) {
  const boxes = [];
  for (let start = 0; start < grid.length; start += 1) {
    if (!grid[start]) continue;
    const box = { left: columns, top: rows, right: 0, bottom: 0 };
    const stack = [start];
    grid[start] = 0;
    while (stack.length) {
      const at = stack.pop();
      const [x, y] = [at % columns, Math.floor(at / columns)];
      [box.left, box.top] = [Math.min(box.left, x), Math.min(box.top, y)];
      [box.right, box.bottom] = [Math.max(box.right, x + 1), Math.max(box.bottom, y + 1)];
      for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, rows - 1); row += 1) {
        for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, columns - 1); column += 1) {
          const next = row * columns + column;
          if (grid[next]) stack.push(next);
          grid[next] = 0;
        }
      }
    }
    boxes.push(box);
  }
  return boxes;
}

/** The middle of each pixel along a side of the sheet: 0 to 1 is inside the frame. */
const placesAlong = (length, start, size) => Float64Array.from({ length }, (_, i) => (i - start + 0.5) / size);

function fade(place) {
  const edge = clamp(Math.min(place, 1 - place) / FEATHER, 0, 1);
  return edge * edge * (3 - 2 * edge);
}
