// Suggests likely colours of a place. As pix2pix/images/color_suggestions.py.

import { AB_GRID, fitGamut, labToRgb, rgbToLab } from "./color.js";
import { clamp } from "./numbers.js";

const COUNT = 5;
const MIN_DISTANCE = 12; // between two suggestions, in Lab
const REACH = 10; // standard deviation of a cluster, in Lab
const [MIN_L, MAX_L] = [15, 92]; // the sRGB gamut holds COUNT colours that differ so much

/**
 * COUNT colours { rgb, share } of a place with this L (0..100), the most likely one first. The probabilities
 * belong to the points of AB_GRID.
 */
export function suggestColors(probabilities, lightness) {
  const level = clamp(lightness, MIN_L, MAX_L);
  const points = AB_GRID.map(([a, b]) => fitGamut(level, a, b));
  const near = points.map(([a, b]) => points.map(([c, d]) => (
    Math.exp(-((a - c) ** 2 + (b - d) ** 2) / (2 * REACH ** 2))
  )));
  const left = Float64Array.from(probabilities);
  const open = new Set(points.keys());
  const found = [];
  while (found.length < COUNT && open.size) {
    const point = likeliest(open, near, left);
    open.delete(point);
    const weights = near[point].map((value, i) => value * left[i]);
    const share = weights.reduce((sum, value) => sum + value, 0);
    const mean = [0, 1].map((axis) => (
      weights.reduce((sum, value, i) => sum + value * points[i][axis], 0) / Math.max(share, 1e-300)
    ));
    for (const center of [mean, points[point]]) {
      const rgb = labToRgb(level, ...fitGamut(level, ...center));
      const [, a, b] = rgbToLab(...rgb);
      if (!found.every((other) => Math.hypot(a - other.a, b - other.b) >= MIN_DISTANCE)) continue;
      found.push({ rgb, share, a, b });
      near[point].forEach((value, i) => { left[i] *= 1 - value; });
      break;
    }
  }
  return found.sort((one, other) => other.share - one.share).map(({ rgb, share }) => ({ rgb, share }));
}

/** The point of a set with the most probability around it. */
function likeliest(open, near, left) {
  let [best, most] = [-1, -Infinity];
  for (const point of open) {
    const mass = near[point].reduce((sum, value, i) => sum + value * left[i], 0);
    if (mass > most) [best, most] = [point, mass];
  }
  return best;
}
