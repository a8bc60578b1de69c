// Recognises negatives with a small network and the typical look of film. As pix2pix/images/negative.py.

import { unzipSync } from "../../vendor/fflate.js";
import { lightnessOf } from "./color.js";
import { resizeArea } from "./cv_resize.js";
import { countedPercentiles, percentiles } from "./numbers.js";
import { cropPlane, newPlane } from "./planes.js";

const SIDE = 64; // pixels; the network's input is a square
const LAYERS = 4;
const MIN_SIDE = 56; // pixels; smaller copies show too little
const MIN_DETAIL = 0.05;
const INSETS = [0, 0.05, 0.12]; // fractions of each side that the three crops leave out

// Minimum scores to call a scan a negative; signs of film make one more likely.
const [MIN_SCORE, MIN_SCORE_CLEAR_FILM, MIN_SCORE_ORANGE_MASK] = [4.2, 2.25, -0.2];
const CLEAR_L = 85; // L of the unexposed edge of a film on a light table
const [MASK_RATIO, MASK_SHARE, MASK_GREEN] = [0.55, 0.85, 0.8];

/** The weights in the bytes of pix2pix/images/negative.npz: Float32Arrays by name. */
export function readWeights(bytes) {
  const files = Object.entries(unzipSync(bytes));
  return Object.fromEntries(files.map(([name, file]) => [name.replace(".npy", ""), readNpy(file)]));
}

/** The values of a NumPy file of float16 numbers. */
function readNpy(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = 10 + view.getUint16(8, true);
  const count = (file.byteLength - start) / 2;
  return Float32Array.from({ length: count }, (_, i) => decodeHalf(view.getUint16(start + 2 * i, true)));
}

function decodeHalf(bits) {
  const [sign, exponent, part] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, (bits & 1023) / 1024];
  return exponent ? sign * 2 ** (exponent - 15) * (1 + part) : sign * 2 ** -14 * part;
}

/** Whether small pixels without a border look like a negative. `margin`: L of the border, null if none. */
export function looksNegative(weights, pixels, margin) {
  const { width, height, data } = pixels;
  if (Math.min(width, height) < MIN_SIDE) return false;
  const lightness = newPlane(width, height);
  for (let i = 0; i < width * height; i += 1) {
    lightness.data[i] = lightnessOf(data[i * 4], data[i * 4 + 1], data[i * 4 + 2]);
  }
  const score = scoreNegative(weights, lightness);
  if (hasOrangeMask(pixels)) return score > MIN_SCORE_ORANGE_MASK;
  const isClear = margin !== null && margin >= CLEAR_L;
  return score > (isClear ? MIN_SCORE_CLEAR_FILM : MIN_SCORE);
}

/** Whether everything is orange, the lightest parts too, like a colour negative's mask. */
export function hasOrangeMask({ data }) {
  const counts = [0, 1, 2].map(() => new Float64Array(256));
  let reddish = 0;
  for (let i = 0; i < data.length; i += 4) {
    for (let c = 0; c < 3; c += 1) counts[c][data[i + c]] += 1;
    if (data[i] > data[i + 1] && data[i + 1] > data[i + 2] - 6) reddish += 1;
  }
  const [red, green, blue] = counts.map((each) => Math.max(countedPercentiles(each, [98])[0], 1));
  const isLightOrange = blue / red < MASK_RATIO && blue < green && green < MASK_GREEN * red;
  return isLightOrange && reddish / (data.length / 4) > MASK_SHARE;
}

/** How much more L looks like a negative than its inverse does; 0 if undecided. */
export function scoreNegative(weights, lightness) {
  let [total, count] = [0, 0];
  for (const inset of INSETS) {
    const [top, left] = [Math.trunc(inset * lightness.height), Math.trunc(inset * lightness.width)];
    const box = [left, top, lightness.width - left, lightness.height - top];
    const part = resizeArea(cropPlane(lightness, box), SIDE, SIDE).data;
    const [low, high] = percentiles(part, [1, 99]);
    if (high - low < 2) return 0;
    part.forEach((value, i) => {
      part[i] = Math.min(Math.max(((value - low) / (high - low)) * 2 - 1, -1), 1);
    });
    if (meanDetail(part) < MIN_DETAIL) return 0;
    const mirrored = part.map((_, i) => part[i + SIDE - 1 - 2 * (i % SIDE)]);
    for (const seen of [part, mirrored]) {
      total += runNetwork(weights, seen.map((value) => -value)) - runNetwork(weights, seen);
      count += 1;
    }
  }
  return total / count;
}

/** The mean size of the Laplacian. */
function meanDetail(part) {
  const fold = (i) => (i < 0 ? 1 : i >= SIDE ? SIDE - 2 : i);
  let sum = 0;
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      sum += Math.abs(part[fold(y - 1) * SIDE + x] + part[fold(y + 1) * SIDE + x]
        + part[y * SIDE + fold(x - 1)] + part[y * SIDE + fold(x + 1)] - 4 * part[y * SIDE + x]);
    }
  }
  return sum / part.length;
}

/** The network's output for a square in -1..1: greater for positives. */
function runNetwork(weights, square) {
  let [values, channels, side] = [square, 1, SIDE];
  for (let layer = 0; layer < LAYERS; layer += 1) {
    const bias = weights[`b${layer}`];
    values = convolve(values, channels, side, weights[`w${layer}`], bias);
    channels = bias.length;
    side = Math.ceil(side / 2);
  }
  return values.reduce((sum, value, i) => sum + value * weights.w4[i], 0);
}

/** A 3x3 convolution with stride 2, zeros around, and ReLU: (C, side, side) to (out, half, half). */
function convolve(values, channels, side, kernel, bias) {
  const half = Math.ceil(side / 2);
  const result = new Float32Array(bias.length * half * half);
  for (let out = 0, at = 0; out < bias.length; out += 1) {
    for (let y = 0; y < half; y += 1) {
      for (let x = 0; x < half; x += 1, at += 1) {
        let sum = bias[out];
        for (let c = 0; c < channels; c += 1) {
          for (let i = 0; i < 9; i += 1) {
            const [row, column] = [2 * y - 1 + Math.floor(i / 3), 2 * x - 1 + (i % 3)];
            if (row < 0 || column < 0 || row >= side || column >= side) continue;
            sum += values[(c * side + row) * side + column] * kernel[(out * channels + c) * 9 + i];
          }
        }
        result[at] = Math.max(sum, 0);
      }
    }
  }
  return result;
}
