// Line drawings as label maps of two classes, paper and ink: pix2pix/labels/line_art.py.

import { roundHalfEven } from "../colorize/numbers.js";
import { resizeGrey } from "./grey_resize.js";
import { colorsOnWhite } from "./label_image.js";

const [PAPER, INK] = [0, 1];
const MIN_CONTRAST = 16; // grey levels between the lightest and the darkest pixel
const EPSILON = 2 ** -23;

/**
 * The lines in an image, { width, height, ids } of PAPER and INK, scaled to fit in a canvas. INK is the rarer
 * of the two tones. Throws for an image of one tone.
 */
export function decodeLines(image, width, height) {
  const grey = toGrey(image);
  const scale = Math.min(height / image.height, width / image.width);
  const [across, down] = [image.width, image.height].map((side) => Math.max(1, roundHalfEven(side * scale)));
  const small = resizeGrey(grey, across, down, scale < 1);
  const counts = new Uint32Array(256);
  for (const value of small.data) counts[value] += 1;
  const shown = [...counts.keys()].filter((value) => counts[value]);
  if (shown[shown.length - 1] - shown[0] < MIN_CONTRAST) {
    throw new Error("shows no lines: it has one tone throughout");
  }
  const threshold = otsuThreshold(counts, small.data.length);
  const light = counts.reduce((sum, count, value) => (value > threshold ? sum + count : sum), 0);
  const isLightInk = light / small.data.length < 0.5;
  const ids = Uint8Array.from(small.data, (value) => ((value > threshold) === isLightInk ? INK : PAPER));
  return { width: across, height: down, ids };
}

/** A plane of grey: Pillow's mode L of the picture on white. */
function toGrey(image) {
  const rgb = colorsOnWhite(image);
  const data = new Uint8Array(rgb.length / 3);
  for (let i = 0, from = 0; i < data.length; i += 1, from += 3) {
    data[i] = (rgb[from] * 19595 + rgb[from + 1] * 38470 + rgb[from + 2] * 7471 + 0x8000) >> 16;
  }
  return { width: image.width, height: image.height, data };
}

/** The grey level that separates the tones best (Otsu, IEEE SMC 9, 1979), summed as in OpenCV. */
function otsuThreshold(counts, total) {
  let mean = 0;
  counts.forEach((count, value) => { mean += value * count; });
  mean *= 1 / total;
  let [darkMean, darkPart, most, threshold] = [0, 0, 0, 0];
  for (let value = 0; value < 256; value += 1) {
    const part = counts[value] * (1 / total);
    darkMean *= darkPart;
    darkPart += part;
    const lightPart = 1 - darkPart;
    if (Math.min(darkPart, lightPart) < EPSILON || Math.max(darkPart, lightPart) > 1 - EPSILON) continue;
    darkMean = (darkMean + value * part) / darkPart;
    const lightMean = (mean - darkPart * darkMean) / lightPart;
    const spread = darkPart * lightPart * (darkMean - lightMean) ** 2;
    if (spread > most) [most, threshold] = [spread, value];
  }
  return threshold;
}
