// Line drawings of photos: pix2pix/images/line_drawing.py and LineTracer of pix2pix/inference. No DOM: runs
// under Node too.

import { roundHalfEven } from "../colorize/numbers.js";
import { fitPixels } from "../colorize/pillow_resize.js";
import { paintSegment } from "../colorize/repair_strokes.js";
import { newPlane } from "../colorize/planes.js";
import { resizeGrey } from "../labels/grey_resize.js";
import { findContours, simplifyClosed } from "./contours.js";
import { cannyEdges, strongestGradients } from "./photo_edges.js";
import { resizePixels } from "./tensors.js";

const UNIT_SIDE = 256; // of the copy of the photo in which strokes are found: the unit of lengths
const MAX_STROKES = 400;
const LEAST_GRADIENT = 12;
const WIDTH = 2; // of the pen
const PEN_EDGE = 0.75; // pixels from half of a line's width, rounded up, to its side
const INK = 1;

/** The middle of an opaque photo in lines: a map { width, height, ids } of 0 and INK. */
export function traceLines(photo, width, height) {
  const middle = fitPixels(photo, width, height, "bicubic");
  const pen = WIDTH * Math.max(1, UNIT_SIDE / Math.min(width, height));
  return { width, height, ids: drawStrokes(findMainStrokes(middle), width, height, pen) };
}

/** The strokes of the photo's larger shapes; `detail` from 0, outlines only, to 1, every hair. */
export function findMainStrokes(photo, detail = 0.5) {
  const blur = Math.exp(Math.log(5) * (1 - detail));
  const least = 28 - 18 * detail;
  return findStrokes(resizeToUnit(photo), blur, 0.08 + 0.09 * detail)
    .filter(({ length }) => length / 2 >= 2 * least)
    .map((stroke) => simplifyClosed(stroke, 0.8));
}

function resizeToUnit(photo) {
  const scale = UNIT_SIDE / Math.min(photo.width, photo.height);
  if (scale === 1) return photo;
  const size = [photo.width, photo.height].map((side) => Math.max(1, roundHalfEven(side * scale)));
  return resizePixels(photo, ...size, (plane, width, height) => resizeGrey(plane, width, height, scale < 1));
}

/** The outlines of the edges of a photo, longest first. `share`: of the pixels, that may start an edge. */
function findStrokes(photo, blur, share) {
  const gradients = strongestGradients(photo, blur);
  const high = Math.max(sampledQuantile(gradients, 1 - share), LEAST_GRADIENT);
  const strokes = findContours(cannyEdges(gradients, 0.4 * high, high));
  return strokes.sort((a, b) => b.length - a.length).slice(0, MAX_STROKES);
}

/** `np.quantile` of the gradients at every second pixel of every second row. */
function sampledQuantile({ width, height, dx, dy }, fraction) {
  const sample = newPlane(Math.ceil(width / 2), Math.ceil(height / 2), Uint16Array).data;
  for (let y = 0, to = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2, to += 1) {
      sample[to] = Math.abs(dx[y * width + x]) + Math.abs(dy[y * width + x]);
    }
  }
  sample.sort();
  const at = (sample.length - 1) * fraction;
  const below = Math.floor(at);
  const [low, high] = [sample[below], sample[Math.min(below + 1, sample.length - 1)]];
  const part = at - below;
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
}

/** Closed strokes [x, y, x, y, ...] in unit pixels as a pen of the width `pen` draws them: ids of 0 and INK. */
function drawStrokes(strokes, width, height, pen) {
  const sheet = newPlane(width, height, Uint8Array);
  const scale = Math.min(width, height) / UNIT_SIDE;
  const reach = Math.ceil(Math.max(2, roundHalfEven(pen * scale)) / 2) + PEN_EDGE;
  for (const stroke of strokes) {
    const places = Float64Array.from(stroke, (value) => (value + 0.5) * scale - 0.5);
    let from = places.subarray(-2);
    for (let i = 0; i < places.length; i += 2) {
      const to = places.subarray(i, i + 2);
      paintSegment(sheet, from, to, reach, INK);
      from = to;
    }
  }
  return sheet.data;
}
