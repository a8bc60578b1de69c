// Pure operations on a label map: a Uint8Array of class ids, row by row, and its shape
// { width, height }. No DOM: runs under Node too.

export const BACKGROUND = 0;
export const FACADE = 1;

/** A length in pixels as a CSS percentage of a side of the canvas. */
export const percent = (value, side) => `${(value / side) * 100}%`;

/** The colours of class ids for `paintIds`; `colors`: [r, g, b] by id. An id without one is black. */
export function colorLookup(colors) {
  const lookup = new Uint32Array(256).fill(0xff000000);
  colors.forEach(([r, g, b], id) => { lookup[id] = 0xff000000 | (b << 16) | (g << 8) | r; });
  return lookup;
}

/** Writes the colours of class ids to `pixels`, which is a Uint32Array on the bytes of an ImageData. */
export function paintIds(map, lookup, pixels) {
  for (let i = 0; i < map.length; i++) pixels[i] = lookup[map[i]];
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** Calls paint(index) for each pixel of the rectangle between two corners, both included. */
function eachInRect({ width, height }, x0, y0, x1, y1, paint) {
  const left = clamp(Math.min(x0, x1), 0, width);
  const right = clamp(Math.max(x0, x1), -1, width - 1);
  const top = clamp(Math.min(y0, y1), 0, height);
  const bottom = clamp(Math.max(y0, y1), -1, height - 1);
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) paint(y * width + x);
  }
}

/** Fills the rectangle between two corners (whole numbers, in any order, both included). */
export function fillRect(map, shape, x0, y0, x1, y1, id) {
  eachInRect(shape, x0, y0, x1, y1, (i) => { map[i] = id; });
}

/** Aligns a round brush to pixels: to the middle of one for odd diameters, to a corner for even ones. */
export function snap(value, diameter) {
  return diameter % 2 ? Math.floor(value) + 0.5 : Math.round(value);
}

/**
 * A stroke of a round brush from one point to the next, hard-edged and without gaps.
 * `ink(current)` gives the id that a touched pixel becomes.
 */
export function strokeSegment(map, shape, from, to, diameter, ink) {
  const [ax, ay] = [snap(from.x, diameter), snap(from.y, diameter)];
  const [dx, dy] = [snap(to.x, diameter) - ax, snap(to.y, diameter) - ay];
  const length2 = dx * dx + dy * dy;
  const radius = diameter / 2;
  const low = (a, d) => Math.floor(Math.min(a, a + d) - radius);
  const high = (a, d) => Math.ceil(Math.max(a, a + d) + radius);
  eachInRect(shape, low(ax, dx), low(ay, dy), high(ax, dx), high(ay, dy), (i) => {
    const px = (i % shape.width) + 0.5 - ax;
    const py = Math.floor(i / shape.width) + 0.5 - ay;
    const along = length2 ? clamp((px * dx + py * dy) / length2, 0, 1) : 0;
    const ex = px - along * dx;
    const ey = py - along * dy;
    if (ex * ex + ey * ey <= radius * radius) map[i] = ink(map[i]);
  });
}

/**
 * The ink of the eraser, by the id on which the stroke started. From an element it erases elements to
 * the wall behind them and leaves wall and background alone; from the wall it erases to the background.
 * Without a wall, `wall` is the background.
 */
export function eraserInk(startedOn, wall = FACADE) {
  if (startedOn <= wall) return () => BACKGROUND;
  return (id) => (id === BACKGROUND ? BACKGROUND : wall);
}

/** Fills the four-connected region of one id around a point. Returns whether anything changed. */
export function floodFill(map, { width, height }, x, y, id) {
  if (x < 0 || y < 0 || x >= width || y >= height) return false;
  const target = map[y * width + x];
  if (target === id) return false;
  const stack = [y * width + x];
  while (stack.length) {
    const start = stack.pop();
    if (map[start] !== target) continue;
    const row = start - (start % width);
    let left = start;
    let right = start;
    while (left > row && map[left - 1] === target) left--;
    while (right < row + width - 1 && map[right + 1] === target) right++;
    for (let i = left; i <= right; i++) map[i] = id;
    for (const next of [-width, width]) {
      for (let i = left + next; i <= right + next; i++) {
        const fresh = map[i] === target && (i === left + next || map[i - 1] !== target);
        if (fresh) stack.push(i);
      }
    }
  }
  return true;
}

/** The box between two points; with a grid, its edges are on grid lines and it has one cell at least. */
export function boxBetween(a, b, grid = 0) {
  if (!grid) {
    const [left, top] = [Math.floor(Math.min(a.x, b.x)), Math.floor(Math.min(a.y, b.y))];
    const [right, bottom] = [Math.floor(Math.max(a.x, b.x)), Math.floor(Math.max(a.y, b.y))];
    return { left, top, width: right - left + 1, height: bottom - top + 1 };
  }
  const line = (value) => Math.round(value / grid) * grid;
  const span = (from, to) => {
    const [low, high] = [line(Math.min(from, to)), line(Math.max(from, to))];
    return low < high ? [low, high - low] : [Math.floor(Math.min(from, to) / grid) * grid, grid];
  };
  const [[left, width], [top, height]] = [span(a.x, b.x), span(a.y, b.y)];
  return { left, top, width, height };
}

/** A box clipped to the canvas; null where it is outside. */
export function clipBox(shape, { left, top, width, height }) {
  const [x, y] = [clamp(left, 0, shape.width), clamp(top, 0, shape.height)];
  const w = clamp(left + width, 0, shape.width) - x;
  const h = clamp(top + height, 0, shape.height) - y;
  return w > 0 && h > 0 ? { left: x, top: y, width: w, height: h } : null;
}

/** The nearest crossing of grid lines; the point itself without a grid. */
export function snapPoint(point, grid) {
  if (!grid) return point;
  return { x: Math.round(point.x / grid) * grid, y: Math.round(point.y / grid) * grid };
}

/** A box mirrored at the vertical axis of the canvas. */
export function mirrorBox(shape, box) {
  return { ...box, left: shape.width - box.left - box.width };
}

/** The ids in a box of the map: a piece, { width, height, ids }. */
export function cutPiece(map, shape, { left, top, width, height }) {
  const ids = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const start = (top + y) * shape.width + left;
    ids.set(map.subarray(start, start + width), y * width);
  }
  return { width, height, ids };
}

/** Copies a piece into the map, clipped to the canvas. */
export function putPiece(map, shape, piece, left, top) {
  for (let y = Math.max(0, -top); y < Math.min(piece.height, shape.height - top); y++) {
    for (let x = Math.max(0, -left); x < Math.min(piece.width, shape.width - left); x++) {
      map[(top + y) * shape.width + left + x] = piece.ids[y * piece.width + x];
    }
  }
}

export const NOTHING = 255; // the transparent id of a layer

/**
 * Pastes a layer and its mirror image into the map. Where they overlap, the layer wins in its own half
 * and the mirror image in the other, so that the result is symmetric to the pixel.
 */
export function pasteMirrored(map, { width }, layer, nearLeft) {
  for (let i = 0; i < map.length; i++) {
    const x = i % width;
    const image = layer[i - 2 * x + width - 1];
    const isNear = nearLeft === x < width / 2;
    const [first, second] = isNear ? [layer[i], image] : [image, layer[i]];
    if (first !== NOTHING) map[i] = first;
    else if (second !== NOTHING) map[i] = second;
  }
}

/** Clears a box as the eraser would: elements become wall. */
export function clearBox(map, shape, box, wall = FACADE) {
  const ink = eraserInk(cutPiece(map, shape, box).ids.reduce((a, b) => Math.max(a, b), 0), wall);
  const { left, top, width, height } = box;
  eachInRect(shape, left, top, left + width - 1, top + height - 1, (i) => { map[i] = ink(map[i]); });
}

/**
 * The offsets [dx, dy] of copies of a piece in rows and columns, evenly spaced up to (dx, dy), with
 * about `gap` pixels between them; the piece itself is not included.
 */
export function repeatSteps({ width, height }, gap, dx, dy) {
  const along = (distance, side) => {
    const count = Math.round(Math.abs(distance) / (side + gap));
    return Array.from({ length: count + 1 }, (_, i) => (count ? Math.round((i * distance) / count) : 0));
  };
  const columns = along(dx, width);
  return along(dy, height).flatMap((y) => columns.map((x) => [x, y])).slice(1);
}

// Classes that extend along a whole facade: they would connect all its windows.
const RUNNING = new Set([BACKGROUND, FACADE, 9, 10]);

/** The box of the element at a point and those adjoining it, such as a window with its sill and shutters. */
export function elementBox(map, shape, x, y, wall = FACADE) {
  if (x < 0 || y < 0 || x >= shape.width || y >= shape.height) return null;
  const own = map[y * shape.width + x];
  if (own <= wall) return null;
  const ties = wall === FACADE; // on facades only, adjoining elements belong together
  const belongs = (id) => id === own || (ties && !RUNNING.has(own) && !RUNNING.has(id));
  const mark = map.map((id) => (belongs(id) ? 1 : 0));
  floodFill(mark, shape, x, y, 2);
  const found = difference(mark.map((v) => (v === 2 ? 0 : v)), mark, shape);
  return { left: found.left, top: found.top, width: found.width, height: found.height };
}

/** A new facade: a bare wall between sky, street and neighbours. */
export function bareWall(shape) {
  const map = new Uint8Array(shape.width * shape.height).fill(BACKGROUND);
  const [x, y] = [shape.width, shape.height].map((side) => (part) => Math.round(part * side));
  fillRect(map, shape, x(0.06), y(0.1), x(0.94) - 1, y(0.97) - 1, FACADE);
  return map;
}

/** The smallest box that contains all differences, with the ids `before` and `after`; null where none. */
export function difference(before, after, shape) {
  let [left, top, right, bottom] = [shape.width, shape.height, -1, -1];
  for (let i = 0; i < before.length; i++) {
    if (before[i] === after[i]) continue;
    const x = i % shape.width;
    const y = (i - x) / shape.width;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = y;
  }
  if (right < 0) return null;
  const box = { left, top, width: right - left + 1, height: bottom - top + 1 };
  const cut = (map) => cutPiece(map, shape, box).ids;
  return { ...box, before: cut(before), after: cut(after) };
}
