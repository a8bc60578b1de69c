// Classifies a photo's own colours and repairs its tones. As pix2pix/images/tone.py.

import { LIGHT_SCALE, lightOf, rgbToLab } from "./color.js";
import { medianBlur3 } from "./cv_filters.js";
import { clamp, countedPercentiles, formatFixed, percentiles, roundHalfEven } from "./numbers.js";
import { applyTable, newPlane } from "./planes.js";
import { pause, strips } from "./stages.js";

// Chroma, in Lab units
const GREY_CHROMA = 4;
const TONE_SPREAD = 3.5;
const TONE_LEVELS = 16;

const [BLACK_L, WHITE_L] = [3, 97]; // range of L after the repair
const TAIL = 0.5; // percent of the pixels that may be darker, and lighter
const MAX_STRETCH = 4; // factor
const BORDER = 0.05; // fraction of each side that is ignored

const MAX_GRAIN_L = 6;
const REACH = 2; // of the bilateral filter, pixels

/** Classifies small pixels: "grey", "toned" or "coloured". */
export function classifyColors(small) {
  const { data } = Math.min(small.width, small.height) >= 3 ? medianBlur3(small) : small;
  const count = data.length / 4;
  const [levels, as, bs] = [new Uint8Array(count), new Float32Array(count), new Float32Array(count)];
  for (let i = 0; i < count; i += 1) {
    const [l, a, b] = rgbToLab(data[i * 4], data[i * 4 + 1], data[i * 4 + 2]);
    levels[i] = Math.trunc(l * (TONE_LEVELS / 100.001));
    as[i] = a;
    bs[i] = b;
  }
  const [chroma] = percentiles(as.map((a, i) => Math.hypot(a, bs[i])), [98]);
  if (chroma < GREY_CHROMA) return "grey";
  const spread = squaredSpread(levels, as) + squaredSpread(levels, bs);
  return Math.sqrt(spread / count) < TONE_SPREAD ? "toned" : "coloured";
}

/** The sum of the squared distances of values from the mean of those of their level. */
function squaredSpread(levels, values) {
  const [counts, sums] = [new Float64Array(TONE_LEVELS + 1), new Float64Array(TONE_LEVELS + 1)];
  values.forEach((value, i) => {
    counts[levels[i]] += 1;
    sums[levels[i]] += value;
  });
  return values.reduce((total, value, i) => total + (value - sums[levels[i]] / counts[levels[i]]) ** 2, 0);
}

/** Stretches the tones to black and white, in place. The line describes the change. */
export function repairTones(light) {
  const [low, high] = measureToneRange(light);
  const table = makeStretchTable(low, high);
  const before = `L ${formatFixed(low, 0)} to ${formatFixed(high, 0)}`;
  if (!table) return { light, line: `tones left as they are: ${before}` };
  const now = [low, high].map((end) => (
    formatFixed(table[Math.trunc(clamp(end * LIGHT_SCALE, 0, 65535))] / LIGHT_SCALE, 0)
  ));
  return { light: applyTable(light, table), line: `tones stretched: ${before} is now ${now[0]} to ${now[1]}` };
}

/** L of the darkest and the lightest tone, without BORDER and TAIL percent at each end. */
export function measureToneRange({ width, height, data }) {
  const [top, left] = [Math.trunc(height * BORDER), Math.trunc(width * BORDER)];
  const [rows, columns] = [height - 2 * top, width - 2 * left];
  const step = Math.max(1, Math.trunc(Math.sqrt(rows * columns / 1e6)));
  const counts = new Float64Array(65536);
  for (let y = top; y < height - top; y += step) {
    for (let x = left; x < width - left; x += step) counts[data[y * width + x]] += 1;
  }
  return countedPercentiles(counts, [TAIL, 100 - TAIL]).map((value) => value / LIGHT_SCALE);
}

/** The new `light` of each value; null where the tones need no change. */
export function makeStretchTable(low, high) {
  const [goalLow, goalHigh] = [Math.min(low, BLACK_L), Math.max(high, WHITE_L)];
  if (high - low < 1 || goalHigh - goalLow < 1.06 * (high - low)) return null;
  const slope = Math.min((goalHigh - goalLow) / (high - low), MAX_STRETCH);
  const start = (goalLow + goalHigh) / 2 - slope * (low + high) / 2;
  return Uint16Array.from({ length: 65536 }, (_, i) => clamp(i * slope + start * LIGHT_SCALE, 0, 65535));
}

/** Makes the positive of a negative, stretched to black and white, in place. */
export function invertTones(light) {
  const [low, high] = measureToneRange(light);
  const table = makeInvertTable();
  const [dark, bright] = [high, low].map((end) => table[Math.trunc(end * LIGHT_SCALE)] / LIGHT_SCALE);
  const stretch = makeStretchTable(dark, bright);
  return {
    light: applyTable(light, stretch ? table.map((value) => stretch[value]) : table),
    line: "the negative was inverted",
  };
}

/** The `light` of the inverted sRGB value for each `light`. */
function makeInvertTable() {
  const known = Float64Array.from({ length: 256 }, (_, i) => lightOf(i, i, i));
  const table = new Uint16Array(65536);
  for (let value = 0, step = 0; value < 65536; value += 1) {
    while (step < 254 && known[step + 1] <= value) step += 1;
    const grey = clamp(step + (value - known[step]) / (known[step + 1] - known[step]), 0, 255);
    const below = Math.min(Math.floor(255 - grey), 254);
    const part = 255 - grey - below;
    table[value] = roundHalfEven(known[below] + (known[below + 1] - known[below]) * part);
  }
  return table;
}

/** Smooths grain and keeps edges: a bilateral filter over twice the measured grain. */
export async function smoothGrain(light, signal) {
  const grain = Math.min(measureGrain(light), MAX_GRAIN_L);
  const strength = formatFixed(grain, 1);
  if (grain < 0.2) return { light, line: `no grain to smooth (L ${strength})` };
  const range = 2 * grain * LIGHT_SCALE;
  const nearness = Float32Array.from({ length: 65536 }, (_, i) => Math.exp(-0.5 * (i / range) ** 2));
  const result = newPlane(light.width, light.height, Uint16Array);
  for (const [top, bottom] of strips(light.width, light.height)) {
    await pause(signal);
    smoothRows(light, nearness, top, bottom, result);
  }
  return { light: result, line: `grain smoothed: L +-${strength}` };
}

function smoothRows({ width, height, data }, nearness, top, bottom, result) {
  const around = [];
  for (let y = -REACH; y <= REACH; y += 1) {
    for (let x = -REACH; x <= REACH; x += 1) {
      if ((x || y) && Math.hypot(x, y) <= REACH) around.push([x, y, Math.exp(-0.5 * (x * x + y * y) / 2.5 ** 2)]);
    }
  }
  const fold = (at, size) => (size === 1 ? 0 : foldInto(at, size));
  for (let y = top; y < bottom; y += 1) {
    const rows = around.map(([, dy]) => fold(y + dy, height) * width);
    for (let x = 0; x < width; x += 1) {
      const own = data[y * width + x];
      let [sum, total] = [own, 1];
      const isInner = x >= REACH && x < width - REACH;
      for (let i = 0; i < around.length; i += 1) {
        const column = x + around[i][0];
        const value = data[rows[i] + (isInner ? column : fold(column, width))];
        const weight = around[i][2] * nearness[Math.abs(value - own)];
        sum += value * weight;
        total += weight;
      }
      result.data[y * width + x] = sum / total + 0.5;
    }
  }
}

function foldInto(at, size) {
  while (at < 0 || at >= size) at = at < 0 ? -at : 2 * size - at - 2;
  return at;
}

/** The standard deviation of the noise in units of L; 0 if the photo is too small. */
export function measureGrain({ width, height, data }) {
  if (Math.min(height, width) < 3) return 0;
  const [rows, columns] = [Math.min(height, 1400), Math.min(width, 1400)];
  const [top, left] = [(height - rows) >> 1, (width - columns) >> 1];
  const counts = new Float64Array(8 * 65536);
  for (let y = top + 1; y < top + rows - 1; y += 1) {
    for (let x = left + 1; x < left + columns - 1; x += 1) {
      const i = y * width + x;
      const [up, down] = [i - width, i + width];
      const response = data[up - 1] + data[up + 1] + data[down - 1] + data[down + 1]
        - 2 * (data[up] + data[down] + data[i - 1] + data[i + 1]) + 4 * data[i];
      counts[Math.abs(response)] += 1;
    }
  }
  return countedPercentiles(counts, [50])[0] / LIGHT_SCALE / 0.6745 / 6;
}
