// Steers the colours of a photo towards those of another photo. As pix2pix/images/reference_colors.py.
//
// Histograms are arrays of LEVELS rows with POINTS numbers.

import { fromBase64, toBase64 } from "../../core/codec.js";
import { AB_GRID, rgbToLab } from "./color.js";
import { roundHalfEven } from "./numbers.js";
import { resizePixels } from "./pillow_resize.js";
import { layOnWhite } from "./planes.js";
import { classifyColors } from "./tone.js";

const LEVELS = 6; // of L, evenly spaced from 0 to 100
const POINTS = AB_GRID.length;
const EXPECTED = `expected the colours of a photo, ${LEVELS * POINTS} bytes in base64`;
const MIN_SIDE = 32; // pixels of a reference
const SMALL_SIDE = 160; // pixels of the copy of which the histogram is taken
const SPREAD = 8; // standard deviation in Lab with which a colour counts at the points of the grid
const LEAN = 0.3; // how far each level of L leans on all levels
const FLOOR = 1e-3 / POINTS; // added to probabilities before their ratio is taken
const MAX_CHANGE = 4; // of a logarithm: what is improbable, by less than 1 in 50, stays so
const ROUNDS = 3;
const SAMPLE = 4096; // pixels by which the histograms are compared

/** The colours of RGBA pixels as text. Throws an Error for a grey photo, or one that is too small. */
export function readReference(pixels) {
  const { width, height } = pixels;
  if (Math.min(width, height) < MIN_SIDE) {
    throw new Error(`is ${width}x${height} pixels; a photo to take colours from needs at least ${MIN_SIDE} a side`);
  }
  const scale = Math.min(1, SMALL_SIDE / Math.max(width, height));
  const size = [width, height].map((side) => Math.max(1, roundHalfEven(side * scale)));
  const small = resizePixels(layOnWhite(pixels), ...size, "box");
  if (classifyColors(small) === "grey") throw new Error("is grey; choose a colour photo to take colours from");
  const numbers = measureColors(small).flatMap((row) => row.map((value) => Math.round(Math.sqrt(value) * 255)));
  return toBase64(Uint8Array.from(numbers));
}

function measureColors({ data }) {
  const counts = newHistogram();
  for (let i = 0; i < data.length; i += 4) {
    const [light, a, b] = rgbToLab(data[i], data[i + 1], data[i + 2]);
    const squares = AB_GRID.map(([c, d]) => (a - c) ** 2 + (b - d) ** 2);
    const nearest = Math.min(...squares);
    const near = squares.map((square) => Math.exp(-(square - nearest) / (2 * SPREAD ** 2)));
    const total = near.reduce((sum, value) => sum + value, 0);
    addAt(counts, light, near.map((value) => value / total));
  }
  return lean(counts);
}

/** The { histogram, strength } of a reference { colors, strength }. Throws an Error for any other value. */
export function parseReference({ colors, strength }) {
  if (!(strength >= 0 && strength <= 1)) {
    throw new Error(`the strength of a reference must be 0 to 1, got ${strength}`);
  }
  const bytes = decode(colors);
  const rows = Array.from({ length: LEVELS }, (_, level) => (
    Array.from(bytes.subarray(level * POINTS, (level + 1) * POINTS), (value) => (value / 255) ** 2)
  ));
  return { histogram: rows.map(normalize), strength };
}

function decode(colors) {
  let bytes = null;
  try {
    bytes = fromBase64(colors);
  } catch {
    // reported below
  }
  if (bytes?.length !== LEVELS * POINTS) {
    throw new Error(EXPECTED);
  }
  return bytes;
}

/**
 * Logits reweighted towards a reference: POINTS channels of the pixels with these L (0..100). The histogram is
 * taken of the distributions at `temperature`. `reference` comes from `parseReference`.
 */
export function steerLogits(channels, lightness, reference, temperature) {
  const change = fitChange(channels, lightness, reference, temperature);
  const steered = channels.map((channel) => Float32Array.from(channel));
  for (let i = 0; i < lightness.length; i += 1) {
    const [lower, share] = levelOf(lightness[i]);
    for (let k = 0; k < POINTS; k += 1) {
      steered[k][i] += temperature * (change[lower][k] * (1 - share) + change[lower + 1][k] * share);
    }
  }
  return steered;
}

/** What is added to logits at each level. */
function fitChange(channels, lightness, { histogram, strength }, temperature) {
  const step = Math.ceil(lightness.length / SAMPLE);
  let change = newHistogram();
  let target = null;
  for (let round = 0; round < ROUNDS; round += 1) {
    const counts = newHistogram();
    for (let i = 0; i < lightness.length; i += step) {
      const [lower, share] = levelOf(lightness[i]);
      const logits = channels.map((channel, k) => (
        channel[i] / temperature + change[lower][k] * (1 - share) + change[lower + 1][k] * share
      ));
      addAt(counts, lightness[i], softmax(logits));
    }
    const own = lean(counts);
    target ??= own.map((row, level) => normalize(row.map((value, k) => (
      histogram[level][k] ** strength * value ** (1 - strength)
    ))));
    change = change.map((row, level) => row.map((value, k) => {
      const next = value + Math.log((target[level][k] + FLOOR) / (own[level][k] + FLOOR));
      return Math.min(Math.max(next, -MAX_CHANGE), MAX_CHANGE);
    }));
  }
  return change;
}

/** Probabilities of logits. */
export function softmax(logits) {
  const highest = Math.max(...logits);
  const likely = logits.map((value) => Math.exp(value - highest));
  const total = likely.reduce((sum, value) => sum + value, 0);
  return likely.map((value) => value / total);
}

const newHistogram = () => Array.from({ length: LEVELS }, () => Array(POINTS).fill(0));

function normalize(row) {
  const total = row.reduce((sum, value) => sum + value, 0);
  if (!total) throw new Error(EXPECTED);
  return row.map((value) => value / total);
}

/** The lower of the two levels next to an L, and the share of the upper one. */
function levelOf(lightness) {
  const place = Math.min(Math.max(lightness, 0), 100) * ((LEVELS - 1) / 100);
  const lower = Math.min(Math.floor(place), LEVELS - 2);
  return [lower, place - lower];
}

/** Adds a row to the levels of a histogram next to an L. */
function addAt(histogram, lightness, row) {
  const [lower, share] = levelOf(lightness);
  for (let k = 0; k < POINTS; k += 1) {
    histogram[lower][k] += row[k] * (1 - share);
    histogram[lower + 1][k] += row[k] * share;
  }
}

/** A histogram of each level from counts, smoothed by that of all levels. */
function lean(counts) {
  const all = counts[0].map((_, k) => counts.reduce((sum, row) => sum + row[k], 0));
  return counts.map((row) => normalize(row.map((value, k) => value + LEAN * all[k])));
}
