// The nearest class of every colour, in cells of a colour cube with steps of 4.

import { VOID } from "./label_map.js";

export const MAX_COLOR_DISTANCE = 35; // from a class colour, in RGB
export const ROUNDING = 10; // maximum distance from a class colour that JPEG causes in an even area

const CELLS = 64 ** 3;
const MAX_KEPT = 8;
const kept = new Map(); // tables by their colours

/**
 * For each cell: `nearest`, its class, VOID near black unless a class has such a colour; `distance` of that;
 * `isBlend`: far from every class colour, `isOdd`: that, or about as near to two, `isShade`: near one, but
 * not equal. As `_color_table` and `_best_fit` in Python, in float32.
 */
export function colorTable(colors) {
  const key = JSON.stringify(colors);
  if (!kept.has(key)) {
    if (kept.size === MAX_KEPT) kept.delete(kept.keys().next().value);
    kept.set(key, makeTable(colors));
  }
  return kept.get(key);
}

function makeTable(colors) {
  const nearest = new Uint8Array(CELLS);
  const distance = new Float32Array(CELLS);
  const [isBlend, isOdd, isShade] = [0, 1, 2].map(() => new Uint8Array(CELLS));
  const lengthOf = (x, y, z) => Math.fround(Math.sqrt(x * x + y * y + z * z));
  const hasBlack = colors.some(([r, g, b]) => lengthOf(r, g, b) < MAX_COLOR_DISTANCE);
  for (let cell = 0; cell < CELLS; cell += 1) {
    const [red, green, blue] = [cell >> 12, (cell >> 6) & 63, cell & 63].map((n) => 4 * n + 1.5);
    let [first, second, id] = [Infinity, Infinity, 0];
    for (let i = 0; i < colors.length; i += 1) {
      const [r, g, b] = colors[i];
      const own = lengthOf(red - r, green - g, blue - b);
      second = Math.min(second, Math.max(first, own));
      if (own < first) [first, id] = [own, i];
    }
    const isBlack = !hasBlack && lengthOf(red, green, blue) < MAX_COLOR_DISTANCE;
    const far = isBlack ? 0 : first;
    nearest[cell] = isBlack ? VOID : id;
    distance[cell] = far;
    isBlend[cell] = far > MAX_COLOR_DISTANCE ? 1 : 0;
    isOdd[cell] = isBlend[cell] || (far > ROUNDING && far > second / 2) ? 1 : 0;
    isShade[cell] = far > ROUNDING && !isOdd[cell] ? 1 : 0;
  }
  return { nearest, distance, isBlend, isOdd, isShade };
}
