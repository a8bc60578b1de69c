// Places and weights of cv2's resizing of float32 arrays, rounded as there: equal to the last bit, because
// the class with the largest sum is looked for, and sums of two classes are often nearly equal.

import { areaParts } from "../colorize/cv_resize.js";

/** For each place of the result: pairs of the index of a value and its weight. INTER_LINEAR. */
export function linearParts(size, outSize) {
  const scale = 1 / (outSize / size);
  return Array.from({ length: outSize }, (_, at) => {
    const place = Math.fround((at + 0.5) * scale - 0.5);
    return linearPair(size, Math.floor(place), place - Math.floor(place));
  });
}

/** INTER_AREA where both sides shrink. */
export function shrinkingParts(size, outSize) {
  return areaParts(size, outSize).map((parts) => parts.map(([at, share]) => [at, Math.fround(share)]));
}

/** INTER_AREA where one of the sides grows: linear, with other places. */
export function mixedParts(size, outSize) {
  const inverse = outSize / size;
  const scale = 1 / inverse;
  return Array.from({ length: outSize }, (_, at) => {
    const place = Math.floor(at * scale);
    const part = Math.fround(at + 1 - (place + 1) * inverse);
    return linearPair(size, place, part <= 0 ? 0 : part - Math.floor(part));
  });
}

function linearPair(size, place, part) {
  if (place < 0) return [[0, 1]];
  if (place >= size - 1) return [[size - 1, 1]];
  return [[place, Math.fround(1 - part)], [place + 1, part]];
}
