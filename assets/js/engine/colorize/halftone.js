// Detects printed halftones and 1-bit scans, and turns their dots into greys. As pix2pix/images/halftone.py.

import { LIGHT_SCALE } from "./color.js";
import { boxBlur, gaussianBlur } from "./cv_filters.js";
import { powerSpectrum } from "./fourier.js";
import { toLight, toLightness } from "./light.js";
import { roundHalfEven } from "./numbers.js";
import { cropPlane, newPlane } from "./planes.js";
import { pause, strips } from "./stages.js";

export const MIN_PERIOD = 2.2; // distance between dots, pixels
const MAX_PERIOD = 18;
const [TILE, MIN_TILE] = [256, 64]; // side of a tile in pixels
const GRID = 3; // tiles across and down
const SMOOTH = 41; // pixels; coarser structure belongs to the photo
const FLOOR = 1e-5; // L squared; lower power is rounding error
const PEAK = 6.5; // ln of the screen's power relative to other detail of the same frequency
const MIN_SWING = 0.8;

// Widths of the two blurs in periods, the amount of sharpening, the variance of L of what the dots leave
const [BLUR, WIDE_BLUR, SHARPEN, NOISE] = [0.52, 0.9, 0.9, 9];
export const DITHER_PERIOD = 2.5; // for random dots

const MODE_REACH = 4; // L around each of a 1-bit scan's two tones
const BILEVEL_SHARE = 0.97;
const SAMPLE = 1 << 18; // pixels

/** Whether nearly all pixels have one of two distant tones: a 1-bit scan, dithered or not. */
export function isBilevel({ width, height, data }) {
  const step = Math.max(1, Math.trunc(Math.sqrt((width * height) / SAMPLE)));
  const counts = new Float64Array(256);
  let total = 0;
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step, total += 1) counts[data[y * width + x] >> 8] += 1;
  }
  const reach = roundHalfEven((MODE_REACH * LIGHT_SCALE) / 256);
  const near = counts.map((_, i) => (
    counts.subarray(Math.max(i - reach, 0), i + reach + 1).reduce((sum, count) => sum + count, 0)
  ));
  const largest = (from) => {
    let best = from;
    for (let i = from; i < from + 128; i += 1) if (near[i] > near[best]) best = i;
    return best;
  };
  const [low, high] = [largest(0), largest(128)];
  const shares = [near[low] / total, near[high] / total];
  const apart = ((high - low) * 256) / LIGHT_SCALE;
  return shares[0] + shares[1] >= BILEVEL_SHARE && Math.min(...shares) >= 0.005 && apart >= 40;
}

/** The distance between the dots of a printed photo's screen in pixels; 0 if there is none. */
export async function halftonePeriod(light, signal) {
  const side = Math.floor(Math.min(TILE, light.width, light.height) / 2) * 2;
  if (side < MIN_TILE) return 0;
  const hann = Float64Array.from({ length: side }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (side - 1)));
  const energy = hann.reduce((sum, value) => sum + value ** 2, 0) ** 2;
  const powers = [];
  for (const [left, top] of tilesOf(light, side)) {
    await pause(signal);
    const detail = toLightness(cropPlane(light, [left, top, left + side, top + side]));
    const coarse = boxBlur(detail, SMOOTH).data;
    const values = new Float64Array(detail.data).map((value, i) => value - coarse[i]);
    if (deviation(values) <= MIN_SWING) continue; // bare paper
    values.forEach((value, i) => { values[i] = value * hann[Math.floor(i / side)] * hann[i % side]; });
    powers.push(powerSpectrum(values, side).map((power) => (power * 2) / (energy * side ** 2)));
  }
  return powers.length ? findPair(powers, side) : 0;
}

function deviation(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

function tilesOf({ width, height }, side) {
  const starts = (length) => {
    const count = Math.min(GRID, Math.ceil(length / side));
    return Array.from({ length: count }, (_, i) => (
      count === 1 ? 0 : Math.trunc((i * (length - side)) / (count - 1))
    ));
  };
  return starts(height).flatMap((top) => starts(width).map((left) => [left, top]));
}

/** The period of two perpendicular waves that are peaks of the mean spectrum; 0 if there are none. */
function findPair(powers, side) {
  const columns = side / 2 + 1;
  const radius = Float64Array.from({ length: side * columns }, (_, i) => {
    const y = Math.floor(i / columns);
    return Math.hypot((y < side / 2 ? y : y - side) / side, (i % columns) / side);
  });
  const mean = (act) => radius.map((_, i) => powers.reduce((sum, power) => sum + act(power[i]), 0) / powers.length);
  const logs = mean((power) => Math.log(power + FLOOR));
  const medians = ringMedians(logs, radius.map((r) => roundHalfEven(r * side)));
  const height = logs.map((value, i) => (
    radius[i] < 1 / MAX_PERIOD || radius[i] > 1 / MIN_PERIOD ? -Infinity : value - medians[i]
  ));
  const power = mean((value) => value);

  function around(y, x) {
    const places = [];
    for (let row = y - 2; row <= y + 2; row += 1) {
      for (let column = Math.max(x - 2, 0); column <= Math.min(x + 2, side / 2); column += 1) {
        places.push(((row + side) % side) * columns + column);
      }
    }
    return places;
  }

  const highest = Array.from(height.keys()).filter((i) => height[i] >= PEAK)
    .sort((i, j) => height[j] - height[i]).slice(0, 16);
  for (const place of highest) {
    const [y, x] = [Math.floor(place / columns), place % columns];
    const [acrossY, acrossX] = y < Math.floor(side / 2) ? [-x, y] : [x, side - y];
    if (acrossX < 0 || acrossX > side / 2) continue;
    const pair = [around(y, x), around(acrossY, acrossX)];
    const sums = pair.map((places) => places.reduce((sum, i) => sum + power[i], 0));
    const peak = Math.max(...pair[1].map((i) => height[i]));
    if (peak >= PEAK && Math.sqrt(Math.min(...sums)) >= MIN_SWING) return 1 / radius[place];
  }
  return 0;
}

/** For each value, the median of its ring. */
function ringMedians(values, rings) {
  const members = new Map();
  rings.forEach((ring, i) => {
    if (!members.has(ring)) members.set(ring, []);
    members.get(ring).push(values[i]);
  });
  for (const [ring, list] of members) members.set(ring, Float64Array.from(list).sort()[list.length >> 1]);
  return Float64Array.from(rings, (ring) => members.get(ring));
}

/** `light` with dots `period` pixels apart averaged to greys. */
export async function descreen(light, period, signal) {
  const { width, height } = light;
  const radius = roundHalfEven(period);
  const margin = Math.ceil(3 * WIDE_BLUR * period) + 2 * radius;
  const result = newPlane(width, height, Uint16Array);
  for (const [top, bottom] of strips(width, height)) {
    await pause(signal);
    const start = Math.max(top - margin, 0);
    const part = toLightness(cropPlane(light, [0, start, width, Math.min(bottom + margin, height)]));
    const wide = gaussianBlur(part, WIDE_BLUR * period).data;
    const sharp = gaussianBlur(part, BLUR * period);
    sharp.data.forEach((value, i) => { sharp.data[i] = value + SHARPEN * (value - wide[i]); });
    const even = toLight(evenOut(sharp, radius)).data;
    result.data.set(even.subarray((top - start) * width, (bottom - start) * width), top * width);
  }
  return result;
}

/** The self-guided filter (He and Sun, arXiv:1505.00996): removes the rest of the dots, keeps edges. */
function evenOut(lightness, radius) {
  const side = 2 * radius + 1;
  const { width, height, data } = lightness;
  const mean = boxBlur(lightness, side).data;
  const squares = boxBlur({ width, height, data: data.map((value) => value * value) }, side).data;
  const slope = squares.map((square, i) => {
    const variance = Math.max(square - mean[i] ** 2, 0);
    return variance / (variance + NOISE);
  });
  const offset = mean.map((value, i) => value - slope[i] * value);
  const [slopes, offsets] = [slope, offset].map((values) => boxBlur({ width, height, data: values }, side).data);
  return { width, height, data: data.map((value, i) => slopes[i] * value + offsets[i]) };
}
