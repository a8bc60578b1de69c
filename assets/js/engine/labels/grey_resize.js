// Resizing of 8-bit grey as cv2 does it.

import { resizeCubic } from "../colorize/cv_resize.js";
import { roundHalfEven } from "../colorize/numbers.js";
import { shrinkingParts } from "./float_parts.js";

/** A plane { width, height, data: Uint8Array } resized: INTER_AREA if `shrinks`, else INTER_CUBIC. */
export function resizeGrey(plane, width, height, shrinks) {
  if (plane.width === width && plane.height === height) return plane;
  if (!shrinks) return enlarge(plane, width, height);
  const isWhole = plane.width % width === 0 && plane.height % height === 0;
  return isWhole ? reduceWhole(plane, width, height) : resizeArea(plane, width, height);
}

/** Means of cells of whole pixels. */
function reduceWhole(plane, width, height) {
  const [across, down] = [plane.width / width, plane.height / height];
  const share = Math.fround(1 / (across * down));
  const data = new Uint8Array(width * height);
  for (let y = 0, to = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, to += 1) {
      let sum = 0;
      for (let row = y * down; row < (y + 1) * down; row += 1) {
        const from = row * plane.width + x * across;
        for (let i = from; i < from + across; i += 1) sum += plane.data[i];
      }
      data[to] = across === 2 && down === 2 ? (sum + 2) >> 2 : roundHalfEven(Math.fround(sum * share));
    }
  }
  return { width, height, data };
}

function resizeArea(plane, width, height) {
  const across = shrinkingParts(plane.width, width);
  const data = new Uint8Array(width * height);
  const row = new Float32Array(width);
  const sums = new Float32Array(width);
  shrinkingParts(plane.height, height).forEach((parts, y) => {
    sums.fill(0);
    for (const [from, weight] of parts) {
      row.fill(0);
      across.forEach((shares, x) => {
        for (const [at, share] of shares) row[x] += Math.fround(plane.data[from * plane.width + at] * share);
      });
      for (let x = 0; x < width; x += 1) sums[x] += Math.fround(weight * row[x]);
    }
    for (let x = 0; x < width; x += 1) data[y * width + x] = Math.min(roundHalfEven(sums[x]), 255);
  });
  return { width, height, data };
}

/** In double precision: OpenCV's sums are rounded otherwise, by a level in one of a million pixels. */
function enlarge({ width, height, data }, ...size) {
  const wide = resizeCubic({ width, height, data: Uint16Array.from(data) }, ...size);
  return { ...wide, data: Uint8Array.from(wide.data, (value) => Math.min(value, 255)) };
}
