// The scale at which each marked place is repaired. As `assign_marks` of pix2pix/inference/restorer.py.

import { resizeArea } from "./cv_resize.js";
import { newPlane } from "./planes.js";

const MARK_REACH = 6; // pixels: marked places are filled at the scale where they are this thick

/**
 * The marks, planes of 0 and 1, for each of `shapes` ([width, height], coarse to fine) of a photo `height`
 * pixels high. Each connected place is marked at one scale: the finest at which its distance from the border
 * is at most MARK_REACH pixels.
 */
export function assignMarks(marked, height, shapes) {
  if (!marked.data.includes(1)) return shapes.map(() => null);
  const places = connectedPlaces(marked);
  const reach = squaredDistances(marked);
  const thickest = [];
  places.data.forEach((place, i) => { thickest[place] = Math.max(thickest[place] ?? 0, reach[i]); });
  const factor = height / marked.height;
  const at = thickest.map((square) => shapes.reduce((found, [, rows], i) => (
    Math.sqrt(square) * factor * (rows / height) <= MARK_REACH ? i : found
  ), 0));
  return shapes.map(([columns, rows], i) => {
    const own = newPlane(marked.width, marked.height);
    places.data.forEach((place, k) => { own.data[k] = place && at[place] === i ? 1 : 0; });
    const { data } = resizeArea(own, columns, rows);
    return { width: columns, height: rows, data: Uint8Array.from(data, (value) => Number(value > 0)) };
  });
}

/** The number of the connected place of each pixel of a plane of 0 and 1, from 1; 0 outside them. */
function connectedPlaces({ width, height, data }) {
  const places = newPlane(width, height, Int32Array);
  let count = 0;
  const open = [];
  for (let start = 0; start < data.length; start += 1) {
    if (!data[start] || places.data[start]) continue;
    count += 1;
    places.data[start] = count;
    open.push(start);
    while (open.length) {
      const i = open.pop();
      const [x, y] = [i % width, Math.floor(i / width)];
      for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row += 1) {
        for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column += 1) {
          const next = row * width + column;
          if (!data[next] || places.data[next]) continue;
          places.data[next] = count;
          open.push(next);
        }
      }
    }
  }
  return places;
}

/**
 * The squared distance of each pixel of a plane of 0 and 1 from the nearest 0: the exact transform of
 * Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled Functions" (2012).
 */
function squaredDistances({ width, height, data }) {
  const far = (width + height) ** 2;
  const result = Float64Array.from(data, (value) => (value ? far : 0));
  for (let x = 0; x < width; x += 1) transformLine(result, x, width, height);
  for (let y = 0; y < height; y += 1) transformLine(result, y * width, 1, width);
  return result;
}

function transformLine(values, start, step, size) {
  const own = Float64Array.from({ length: size }, (_, i) => values[start + i * step]);
  const vertices = new Int32Array(size);
  const borders = new Float64Array(size + 1).fill(Infinity);
  let last = 0;
  borders[0] = -Infinity;
  for (let q = 1; q < size; q += 1) {
    const meet = () => {
      const v = vertices[last];
      return (own[q] + q * q - own[v] - v * v) / (2 * (q - v));
    };
    let at = meet();
    while (at <= borders[last]) {
      last -= 1;
      at = meet();
    }
    last += 1;
    vertices[last] = q;
    borders[last] = at;
    borders[last + 1] = Infinity;
  }
  for (let q = 0, k = 0; q < size; q += 1) {
    while (borders[k + 1] < q) k += 1;
    values[start + q * step] = (q - vertices[k]) ** 2 + own[vertices[k]];
  }
}
