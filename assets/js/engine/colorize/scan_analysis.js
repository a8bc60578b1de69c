// Analyses a scan: border, printed halftone, 1-bit scan, negative. As pix2pix/images/scan_analysis.py.
//
// A scan is { width, border, period, isBilevel, isNegative, isPlain (mostly one tone) }: `width` in pixels, `border` null if there is
// none, `period` the distance between the dots of a printed halftone in pixels, 0 if it is none.

import { findBorder, innerBox, marginTone } from "./border.js";
import { DITHER_PERIOD, halftonePeriod, isBilevel } from "./halftone.js";
import { looksNegative } from "./negative.js";
import { formatFixed, roundHalfEven } from "./numbers.js";
import { resizePixels } from "./pillow_resize.js";
import { cropPlane } from "./planes.js";
import { pause } from "./stages.js";

const PLAIN_SHARE = 0.82; // of the pixels near the most frequent tone; photos have 0.77 at most
const [TONES, NEAR] = [128, 7]; // tones that L is divided into, and how many are near one
const SAMPLE = 1e6; // pixels that are counted
const MIN_PIXELS = 1e4; // of a picture that may be plain
const SMALL_SIDE = 256; // long side in pixels of the copy used to recognise negatives

/** The properties of opaque pixels with their full-size `light`; `weights` are those of negative.js. */
export async function analyzeScan(sheet, light, weights, signal) {
  const { width, height } = light;
  const border = findBorder(light);
  const whole = [0, 0, width, height];
  const box = border ? innerBox(border, width, height) : whole;
  const inside = border ? cropPlane(light, box) : light;
  await pause(signal);
  const period = await halftonePeriod(inside, signal);
  const size = smallSize(box[2] - box[0], box[3] - box[1]);
  const small = resizePixels(sheet, ...size, "box", { box, gap: 2 });
  const margin = border ? marginTone(light, border) : null;
  await pause(signal);
  return {
    width, border, period, isBilevel: isBilevel(inside), isNegative: looksNegative(weights, small, margin),
    isPlain: isMostlyOneTone(inside),
  };
}

/** Whether most of `light` has one tone: a drawing, a text, a blank page. False for a picture of few pixels. */
function isMostlyOneTone({ width, height, data }) {
  if (width * height < MIN_PIXELS) return false;
  const step = Math.max(1, Math.floor(Math.sqrt((width * height) / SAMPLE)));
  const counts = Array(TONES).fill(0);
  let total = 0;
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step, total += 1) counts[data[y * width + x] >> 9] += 1;
  }
  const most = counts.indexOf(Math.max(...counts));
  const near = counts.slice(Math.max(most - NEAR, 0), most + NEAR + 1).reduce((sum, count) => sum + count, 0);
  return near > PLAIN_SHARE * total;
}

function smallSize(width, height) {
  const scale = Math.min(1, SMALL_SIDE / Math.max(width, height));
  return [width, height].map((n) => Math.max(1, roundHalfEven(n * scale)));
}

/** Whether the scan consists of dots that can be converted to greys. */
export const hasDots = (scan) => Boolean(scan.period || scan.isBilevel);

/** The distance between dots, in pixels, in a copy `width` pixels wide. */
export const dotSpacing = (scan, width) => ((scan.period || DITHER_PERIOD) * width) / scan.width;

/** The options that would help with a scan, each with the finding that suggests it. */
export function describeScan(scan) {
  const found = {};
  if (scan.isPlain) {
    // lines and letters look like dots
  } else if (scan.period) {
    found.denoise = `looks like a printed halftone, dots ${formatFixed(scan.period, 1)} pixels apart`;
  } else if (scan.isBilevel) {
    found.denoise = "is a 1-bit scan, black and white dots only";
  }
  if (scan.isNegative) found.negative = "looks like a negative";
  if (scan.border) found.crop = "has a border, which was kept";
  return found;
}
