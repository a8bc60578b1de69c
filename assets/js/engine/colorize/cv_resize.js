// Resizing of planes as OpenCV does it: INTER_AREA, INTER_CUBIC and INTER_LINEAR.

import { newPlane } from "./planes.js";
import { roundHalfEven } from "./numbers.js";

/** For each place of the result: pairs of the index of a value and its weight. */
export function areaParts(size, outSize) {
  const scale = 1 / (outSize / size);
  return Array.from({ length: outSize }, (_, at) => {
    const start = at * scale;
    const end = start + scale;
    const cell = Math.min(scale, size - start);
    const last = Math.min(Math.floor(end), size - 1);
    const first = Math.min(Math.ceil(start), last);
    const parts = [];
    if (first - start > 1e-3) parts.push([first - 1, (first - start) / cell]);
    for (let i = first; i < last; i += 1) parts.push([i, 1 / cell]);
    if (end - last > 1e-3) parts.push([last, Math.min(Math.min(end - last, 1), cell) / cell]);
    return parts;
  });
}

/** INTER_AREA where one of the sides grows: linear, with other places. */
function areaLinearParts(size, outSize) {
  const inverse = outSize / size;
  const scale = 1 / inverse;
  return Array.from({ length: outSize }, (_, at) => {
    const place = Math.floor(at * scale);
    const part = Math.fround(at + 1 - (place + 1) * inverse); // 1 in float32 is no part at all
    return linearPair(size, place, part <= 0 ? 0 : part - Math.floor(part));
  });
}

function linearParts(size, outSize) {
  const scale = 1 / (outSize / size);
  return Array.from({ length: outSize }, (_, at) => {
    const place = (at + 0.5) * scale - 0.5;
    return linearPair(size, Math.floor(place), place - Math.floor(place));
  });
}

function linearPair(size, place, part) {
  if (place < 0) return [[0, 1]];
  if (place >= size - 1) return [[size - 1, 1]];
  return [[place, 1 - part], [place + 1, part]];
}

function cubicParts(size, outSize) {
  const scale = 1 / (outSize / size);
  const A = -0.75;
  const near = (x) => ((A + 2) * x - (A + 3)) * x * x + 1;
  return Array.from({ length: outSize }, (_, at) => {
    const place = (at + 0.5) * scale - 0.5;
    const first = Math.floor(place);
    const x = place - first;
    const far = ((A * (x + 1) - 5 * A) * (x + 1) + 8 * A) * (x + 1) - 4 * A;
    const middle = [near(x), near(1 - x)];
    return [far, ...middle, 1 - far - middle[0] - middle[1]].map((weight, i) => (
      [Math.min(Math.max(first - 1 + i, 0), size - 1), weight]
    ));
  });
}

/** The plane with its rows combined by `down` and its columns by `across`. */
function combine({ width, data }, across, down) {
  const result = newPlane(across.length, down.length, data.constructor);
  const isFloat = data instanceof Float32Array;
  const { ends, places, shares } = flatten(across);
  const sums = new Float64Array(width);
  let at = 0;
  for (const parts of down) {
    sums.fill(0);
    for (const [row, weight] of parts) {
      for (let x = 0, from = row * width; x < width; x += 1, from += 1) sums[x] += data[from] * weight;
    }
    for (let x = 0, i = 0; x < ends.length; x += 1) {
      let sum = 0;
      for (; i < ends[x]; i += 1) sum += sums[places[i]] * shares[i];
      result.data[at] = isFloat ? sum : roundHalfEven(Math.min(Math.max(sum, 0), 65535));
      at += 1;
    }
  }
  return result;
}

function flatten(parts) {
  const pairs = parts.flat();
  let end = 0;
  return {
    ends: Int32Array.from(parts, ({ length }) => (end += length)),
    places: Int32Array.from(pairs, ([place]) => place),
    shares: Float64Array.from(pairs, ([, share]) => share),
  };
}

const isSize = (plane, width, height) => plane.width === width && plane.height === height;
const copy = (plane) => ({ ...plane, data: plane.data.slice() });

/** `cv2.resize` with INTER_AREA, of a plane of Uint16Array or Float32Array. */
export function resizeArea(plane, width, height) {
  if (isSize(plane, width, height)) return copy(plane);
  const shrinks = plane.width >= width && plane.height >= height;
  const partsOf = shrinks ? areaParts : areaLinearParts;
  return combine(plane, partsOf(plane.width, width), partsOf(plane.height, height));
}

/** `cv2.resize` with INTER_CUBIC, of a plane of Uint16Array or Float32Array. */
export function resizeCubic(plane, width, height) {
  if (isSize(plane, width, height)) return copy(plane);
  return combine(plane, cubicParts(plane.width, width), cubicParts(plane.height, height));
}

/** `cv2.resize` with INTER_LINEAR, of a plane of Float32Array. */
export function resizeLinear(plane, width, height) {
  if (isSize(plane, width, height)) return copy(plane);
  return combine(plane, linearParts(plane.width, width), linearParts(plane.height, height));
}

/** A photo's plane resized: area averaging to shrink, bicubic interpolation to grow. */
export function resizePhoto(plane, width, height) {
  const shrinks = width * height < plane.width * plane.height;
  return shrinks ? resizeArea(plane, width, height) : resizeCubic(plane, width, height);
}
