// Brush strokes that correct a repair. As pix2pix/images/repair_brush.py.

import { roundHalfEven } from "./numbers.js";
import { newPlane } from "./planes.js";

const MASK_SIDE = 2048; // pixels of the longer side on which strokes are drawn
const [REPAIR, KEEP] = [1, 2];

/**
 * Planes of 0 and 1 { marked, kept } for a photo of [width, height]: places to repair too, and places to keep.
 *
 * Strokes are { points: [[x, y], ...] in 0..1, radius as a fraction of the longer side, keep }. Later ones
 * overwrite earlier ones. The longer side has at most MASK_SIDE pixels. `box` [left, top, right, bottom] is the
 * part of the photo that is shown, in pixels.
 */
export function drawStrokes(strokes, [width, height], box = [0, 0, width, height]) {
  const scale = Math.min(1, MASK_SIDE / Math.max(width, height));
  const [left, top, right, bottom] = box;
  const [columns, rows] = [right - left, bottom - top].map((side) => Math.max(1, roundHalfEven(side * scale)));
  const canvas = newPlane(columns, rows, Uint8Array);
  for (const { points, radius, keep = false } of strokes) {
    const fixed = points.map(([x, y]) => [(x * width - left) * scale, (y * height - top) * scale]);
    const reach = Math.max(0.5, radius * Math.max(width, height) * scale);
    const value = keep ? KEEP : REPAIR;
    fixed.forEach((point, i) => paintSegment(canvas, fixed[Math.max(i - 1, 0)], point, reach, value));
  }
  const pick = (wanted) => ({ width: columns, height: rows, data: canvas.data.map((v) => Number(v === wanted)) });
  return { marked: pick(REPAIR), kept: pick(KEEP) };
}

/** Sets the pixels of a plane whose centre is at most `reach` from the segment. */
export function paintSegment({ width, height, data }, [x0, y0], [x1, y1], reach, value) {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const square = dx * dx + dy * dy;
  const first = Math.max(Math.ceil(Math.min(y0, y1) - reach), 0);
  const last = Math.min(Math.floor(Math.max(y0, y1) + reach), height - 1);
  const from = Math.max(Math.ceil(Math.min(x0, x1) - reach), 0);
  const to = Math.min(Math.floor(Math.max(x0, x1) + reach), width - 1);
  for (let y = first; y <= last; y += 1) {
    for (let x = from; x <= to; x += 1) {
      const along = square ? Math.min(Math.max(((x - x0) * dx + (y - y0) * dy) / square, 0), 1) : 0;
      if ((x0 + along * dx - x) ** 2 + (y0 + along * dy - y) ** 2 <= reach * reach) data[y * width + x] = value;
    }
  }
}
