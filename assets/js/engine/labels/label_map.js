// Label maps as label_map.py and canvas_spec.py resize and encode them: { width, height, ids }, with `ids` a
// Uint8Array of class indices and VOID, row by row.

import { roundHalfEven } from "../colorize/numbers.js";
import { mixedParts, shrinkingParts } from "./float_parts.js";

export const VOID = 255; // the value of pixels without a class

/** The label map resized: each pixel gets the class that covers most of it. */
export function resizeLabelMap(map, width, height) {
  if (map.width === width && map.height === height) return map;
  if (width >= map.width && height >= map.height) return enlarge(map, width, height);
  return shrink(map, width, height);
}

/**
 * For each place of the result, the place that it is taken from: cv2's INTER_NEAREST_EXACT since OpenCV 5,
 * which adds up the steps in double precision.
 */
function nearestPlaces(size, outSize) {
  const step = size / outSize;
  const places = new Int32Array(outSize);
  for (let i = 0, place = step / 2; i < outSize; i += 1, place += step) {
    places[i] = Math.min(Math.floor(place), size - 1);
  }
  return places;
}

function enlarge(map, width, height) {
  const columns = nearestPlaces(map.width, width);
  const ids = new Uint8Array(width * height);
  let at = 0;
  for (const row of nearestPlaces(map.height, height)) {
    for (const column of columns) {
      ids[at] = map.ids[row * map.width + column];
      at += 1;
    }
  }
  return { width, height, ids };
}

/**
 * By the area that each class covers, as cv2's INTER_AREA sums it, so that ties fall alike: in float32, but
 * by counting where each pixel of the result is made of whole pixels.
 */
function shrink(map, width, height) {
  const present = [...new Set(map.ids)].sort((a, b) => a - b);
  const indexOf = new Uint8Array(256);
  present.forEach((id, index) => { indexOf[id] = index; });
  const partsOf = map.width >= width && map.height >= height ? shrinkingParts : mixedParts;
  const isWhole = map.width % width === 0 && map.height % height === 0;
  const across = partsOf(map.width, width);
  const ids = new Uint8Array(width * height);
  const row = new Float32Array(present.length * width); // what the classes cover of one row
  const cover = new Float32Array(present.length * width);
  partsOf(map.height, height).forEach((parts, y) => {
    cover.fill(0);
    for (const [from, weight] of parts) {
      row.fill(0);
      across.forEach((shares, x) => {
        for (const [at, share] of shares) {
          row[indexOf[map.ids[from * map.width + at]] * width + x] += isWhole ? 1 : share;
        }
      });
      for (let i = 0; i < row.length; i += 1) cover[i] += isWhole ? row[i] : Math.fround(weight * row[i]);
    }
    for (let x = 0; x < width; x += 1) {
      let best = 0;
      for (let k = 1; k < present.length; k += 1) if (cover[k * width + x] > cover[best * width + x]) best = k;
      ids[y * width + x] = present[best];
    }
  });
  return { width, height, ids };
}

/**
 * The label map scaled to fit a canvas without distortion, and centred. The rest of the canvas, and void
 * pixels, are of class 0.
 */
export function fitLabelMap(map, width, height) {
  const scale = Math.min(height / map.height, width / map.width);
  const [across, down] = [map.width, map.height].map((side) => Math.max(1, roundHalfEven(side * scale)));
  const fitted = resizeLabelMap(map, across, down);
  const [left, top] = [Math.floor((width - across) / 2), Math.floor((height - down) / 2)];
  const ids = new Uint8Array(width * height);
  for (let y = 0, from = 0; y < down; y += 1) {
    for (let x = 0, to = (top + y) * width + left; x < across; x += 1, from += 1, to += 1) {
      ids[to] = fitted.ids[from] === VOID ? 0 : fitted.ids[from];
    }
  }
  return { width, height, ids };
}

/** One-hot (numClasses, H, W), a Float32Array, of class indices; VOID is all zeros. */
export function encodeLabels(ids, numClasses) {
  const planes = new Float32Array(numClasses * ids.length);
  for (let i = 0; i < ids.length; i += 1) {
    if (ids[i] < numClasses) planes[ids[i] * ids.length + i] = 1;
  }
  return planes;
}
