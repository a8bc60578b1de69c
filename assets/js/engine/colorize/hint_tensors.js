// The network's input with colour hints, and its output corrected at them. As pix2pix/models/tensors.py.
//
// Channels are Float32Arrays of a plane each; a grid is { width, height, channels }.

import { AB_SCALE } from "./color.js";

const { fround } = Math;
export const SPREAD_STEP = 8; // cell size in pixels of the grid on which hints are propagated

// Standard deviations in space (relative to the short side) and in L (-1..1), and the total weight of
// hints at which the confidence is one half
const AS_INPUT = { sigma: 0.12, light: 0.3, doubt: 0.1 };
const AS_MISSED = { sigma: 0.12, light: 0.3, doubt: 0.02 };
const BY_CODE = { sigma: 0.18, light: 0.26, doubt: 0.01 };

/** The mean of cells of `step` x `step` pixels of a channel. */
function averageCells(data, width, height, step) {
  const columns = width / step;
  const result = new Float32Array(columns * (height / step));
  for (let y = 0; y < height; y += 1) {
    const row = Math.floor(y / step) * columns;
    for (let x = 0; x < width; x += 1) result[row + Math.floor(x / step)] += data[y * width + x] / step ** 2;
  }
  return result;
}

/** A channel enlarged linearly, without aligned corners. */
function enlarge(data, width, height, outWidth, outHeight) {
  const result = new Float32Array(outWidth * outHeight);
  const placesOf = (size, outSize) => Array.from({ length: outSize }, (_, i) => {
    const place = Math.max(((i + 0.5) * size) / outSize - 0.5, 0);
    const first = Math.min(Math.floor(place), size - 1);
    return [first, Math.min(first + 1, size - 1), place - first];
  });
  const across = placesOf(width, outWidth);
  placesOf(height, outHeight).forEach(([up, down, part], y) => {
    across.forEach(([left, right, share], x) => {
      const top = data[up * width + left] * (1 - share) + data[up * width + right] * share;
      const bottom = data[down * width + left] * (1 - share) + data[down * width + right] * share;
      result[y * outWidth + x] = top * (1 - part) + bottom * part;
    });
  });
  return result;
}

/**
 * The network's input, 7 channels: L in -1..1, the hints' a, b and mask, and the same propagated.
 * `lightness` is a plane of L in 0..100 with sides in multiples of SPREAD_STEP; `a`, `b` and `mask` are
 * channels of its size.
 */
export function encodeInput({ width, height, data }, a, b, mask) {
  const light = Float32Array.from(data, (value) => fround(value / 50) - 1);
  const spots = [a, b].map((channel) => channel.map((value, i) => (value / AB_SCALE) * mask[i]));
  spots.push(mask);
  const spread = spreadHints({ width, height, channels: spots }, light, AS_INPUT);
  return { width, height, channels: [light, ...spots, ...spread] };
}

/**
 * a and b, scaled by AB_SCALE, that match the hints: the residual at hints is propagated to similar
 * pixels. `output` is the network's grid for the `input` grid, at its size or a half: a, b, embedding.
 */
export function applyHints(input, output) {
  const [a, b, ...code] = output.channels;
  const mask = input.channels[3];
  if (!mask.some(Boolean)) return [a, b];
  const { width, height } = input;
  const missing = [a, b].map((channel, at) => {
    const own = enlarge(channel, output.width, output.height, width, height);
    return own.map((value, i) => input.channels[1 + at][i] - value * mask[i]);
  });
  const grid = { width, height, channels: [...missing, mask] };
  const codes = code.map((channel) => (
    averageCells(channel, output.width, output.height, (SPREAD_STEP * output.width) / width)
  ));
  const [da, db, sure] = spreadHints(grid, input.channels[0], code.length ? BY_CODE : AS_MISSED, codes);
  return [[a, da], [b, db]].map(([channel, residual]) => {
    const change = averageCells(residual.map((value, i) => value * sure[i]), width, height, width / output.width);
    return channel.map((value, i) => value + change[i]);
  });
}

/** The hints' a, b and a confidence in 0..1, propagated to pixels near, of a similar L and embedding. */
function spreadHints({ width, height, channels }, light, kernel, codes = []) {
  if (!channels.some((channel) => channel.some(Boolean))) return channels.map((c) => new Float32Array(c.length));
  const [columns, rows] = [width / SPREAD_STEP, height / SPREAD_STEP];
  const [a, b, weight, level] = [...channels, light].map((c) => averageCells(c, width, height, SPREAD_STEP));
  const spread = spreadCells({ columns, rows, a, b, weight, level, codes }, kernel);
  return spread.map((channel) => enlarge(channel, columns, rows, width, height));
}

function spreadCells({ columns, rows, a, b, weight, level, codes }, kernel) {
  const count = columns * rows;
  const result = [new Float32Array(count), new Float32Array(count), new Float32Array(count)];
  const reach = kernel.sigma * Math.min(rows, columns);
  const size = 3 + codes.length; // numbers by which cells are compared
  const points = new Float64Array(count * size);
  for (let i = 0; i < count; i += 1) {
    points.set([Math.floor(i / columns) / reach, (i % columns) / reach, level[i] / kernel.light], i * size);
    codes.forEach((code, k) => { points[i * size + 3 + k] = code[i]; });
  }
  const given = Array.from(weight.keys()).filter((i) => weight[i] > 0);
  const nearness = new Float64Array(given.length);
  for (let i = 0; i < count; i += 1) {
    let nearest = -Infinity;
    given.forEach((hint, k) => {
      let distance = 0;
      for (let n = 0; n < size; n += 1) distance += (points[i * size + n] - points[hint * size + n]) ** 2;
      nearness[k] = -distance / 2 + Math.log(weight[hint]);
      nearest = Math.max(nearest, nearness[k]);
    });
    let [total, sumA, sumB] = [0, 0, 0];
    given.forEach((hint, k) => {
      const share = Math.exp(nearness[k] - nearest);
      total += share;
      sumA += (share * a[hint]) / weight[hint];
      sumB += (share * b[hint]) / weight[hint];
    });
    const all = total * Math.exp(nearest);
    result[0][i] = total ? sumA / total : 0;
    result[1][i] = total ? sumB / total : 0;
    result[2][i] = all / (all + kernel.doubt);
  }
  return result;
}
