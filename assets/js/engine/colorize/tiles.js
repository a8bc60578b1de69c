// Large planes in overlapping, blended tiles. As pix2pix/inference/tiles.py.

import { roundHalfEven } from "./numbers.js";
import { cropPlane, newPlane } from "./planes.js";

/** The evenly spaced starts of tiles of `side` that cover `length` (at least `side`). */
export function tileStarts(length, side, overlap) {
  const step = side - Math.floor(side / overlap);
  const count = 1 + Math.ceil((length - side) / step);
  if (count === 1) return [0];
  return Array.from({ length: count }, (_, i) => roundHalfEven((i * (length - side)) / (count - 1)));
}

/**
 * The smallest side of tiles, a multiple of `multiple`, of which no more are needed to cover `length` than of
 * tiles of `side`; `length` itself if one tile covers it.
 */
export function fitSide(length, side, overlap, multiple) {
  if (length <= side) return length;
  const count = tileStarts(length, side, overlap).length;
  let found = side;
  while (tileStarts(length, found - multiple, overlap).length === count) found -= multiple;
  return found;
}

/** The blending weights along each tile's side, which sum to 1 everywhere. */
export function tileWeights(starts, side, overlap) {
  const rise = Math.max(1, Math.floor(side / overlap));
  const window = Float64Array.from({ length: side }, (_, i) => (
    Math.min(1, (i + 0.5) / rise, (side - i - 0.5) / rise)
  ));
  const total = new Float64Array(starts[starts.length - 1] + side);
  for (const start of starts) window.forEach((value, i) => { total[start + i] += value; });
  return starts.map((start) => Float32Array.from(window, (value, i) => value / total[start + i]));
}

/**
 * Planes of uint16 that `paint` makes of `planes` of one size, tile by tile. `paint(tiles)` gets as many planes
 * of `columns` by `rows` pixels, and resolves to as many planes of numbers of the same size.
 */
export async function paintInTiles(planes, [columns, rows], overlap, paint) {
  const { width, height } = planes[0];
  const [lefts, tops] = [[width, columns], [height, rows]].map(([length, own]) => tileStarts(length, own, overlap));
  const [across, down] = [tileWeights(lefts, columns, overlap), tileWeights(tops, rows, overlap)];
  const results = planes.map(() => newPlane(width, height, Uint16Array));
  const bands = planes.map(() => new Float32Array(rows * width)); // the weighted sums from `top` on
  for (const [i, top] of tops.entries()) {
    for (const [j, left] of lefts.entries()) {
      const box = [left, top, left + columns, top + rows];
      const painted = await paint(planes.map((plane) => cropPlane(plane, box)));
      painted.forEach(({ data }, k) => addTile(bands[k], width, left, data, across[j], down[i]));
    }
    const done = (tops[i + 1] ?? height) - top; // no later tile reaches these rows
    bands.forEach((band, k) => {
      const out = results[k].data.subarray(top * width, (top + done) * width);
      for (let at = 0; at < out.length; at += 1) out[at] = Math.min(Math.max(band[at] + 0.5, 0), 65535);
      band.copyWithin(0, done * width);
      band.fill(0, (rows - done) * width);
    });
  }
  return results;
}

function addTile(band, width, left, data, across, down) {
  for (let y = 0, from = 0; y < down.length; y += 1) {
    for (let x = 0, to = y * width + left; x < across.length; x += 1, to += 1, from += 1) {
      band[to] += data[from] * (down[y] * across[x]);
    }
  }
}
