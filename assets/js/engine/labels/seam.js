// Detects two pictures side by side by the seam between them: pix2pix/images/seam.py.

import { median } from "../colorize/numbers.js";

const REACH = 8; // columns compared on either side of the centre
const MIN_STEP = 1; // grey levels; if all steps are smaller, the result is undecided
const FLOOR = 0.5; // grey levels added to both steps

export const MIN_SEAM = 1.7; // strength from which on the step at the centre is a seam

/**
 * The step between the halves of a picture of three bytes a pixel, relative to the steps of nearby columns.
 * Null if undecided: the centre has one colour, or the picture is too narrow.
 */
export function seamStrength(rgb, width, height) {
  const middle = Math.floor(width / 2);
  if (middle <= REACH) return null;
  const steps = Array.from({ length: 2 * REACH + 1 }, (_, i) => {
    const x = middle - REACH - 1 + i;
    let sum = 0;
    for (let y = 0; y < height; y += 1) {
      for (let at = (y * width + x) * 3, end = at + 3; at < end; at += 1) sum += Math.abs(rgb[at + 3] - rgb[at]);
    }
    return sum / (3 * height);
  });
  const [own] = steps.splice(REACH, 1);
  const others = median(steps);
  return Math.max(own, others) < MIN_STEP ? null : (own + FLOOR) / (others + FLOOR);
}
