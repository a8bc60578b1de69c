// The styles of a drawing and of its parts as tensors, as pix2pix/inference/regions.py makes them. No DOM: runs
// under Node too.

import { roundHalfEven } from "../colorize/numbers.js";
import { VOID } from "../labels/label_map.js";
import { styleCode } from "../labels/style_noise.js";

const RADII_PER_SIDE = 256; // the short side, in radii of the soft edge between regions
const WHOLE = { data: new Float32Array([1]), dims: [1, 1, 1, 1] }; // one style for the whole picture

/** The radius of the blur between regions, in pixels, for a short side in pixels. */
export const edgeRadius = (side) => Math.max(1, roundHalfEven(side / RADII_PER_SIDE));

/**
 * The inputs `style` and `regions` of a generator; none where it has no styles. `own`: the look { seed, style } of
 * the drawing; `where`: { width, height, ids } at the network's size, with i + 1 where `looks[i]` applies.
 */
export function styleFeeds(generator, own, where, regions, side) {
  const styleDim = generator.config.generator.style_dim;
  const facts = { ...generator.style, covariance: generator.style?.covariance.flat(), styleDim };
  const codeOf = ({ seed = 0, style }) => styleCode(seed, style, facts);
  const code = codeOf(own);
  if (!code) return {};
  if (!generator.regions) return { style: { data: code, dims: [1, styleDim] } };
  if (!where) return { style: { data: code, dims: [1, 1, styleDim] }, regions: WHOLE };
  const { present, weights } = blendWeights(where, edgeRadius(side));
  const codes = present.map((id) => (id ? codeOf(regions.looks[id - 1]) : code));
  const data = new Float32Array(codes.length * styleDim);
  codes.forEach((each, i) => data.set(each, i * styleDim));
  return {
    style: { data, dims: [1, codes.length, styleDim] },
    regions: { data: weights, dims: [1, codes.length, where.height, where.width] },
  };
}

/**
 * The ids that occur, in order, and the share of each in every pixel: { present, weights }, a Float32Array
 * (R, H, W). VOID counts as 0. Across an edge the shares change smoothly, by two box blurs.
 */
export function blendWeights({ width, height, ids }, radius) {
  const present = [...new Set(ids.map((id) => (id === VOID ? 0 : id)))].sort((a, b) => a - b);
  const total = (2 * radius + 1) ** 4;
  const weights = new Float32Array(present.length * width * height);
  present.forEach((region, i) => {
    let layer = Int32Array.from(ids, (id) => Number((id === VOID ? 0 : id) === region));
    for (let pass = 0; pass < 2; pass += 1) {
      layer = boxSums(layer, width, height, radius, 1, width);
      layer = boxSums(layer, height, width, radius, width, 1);
    }
    weights.set(Float32Array.from(layer, (sum) => sum / total), i * width * height);
  });
  return { present, weights };
}

/**
 * The sums of 2 * radius + 1 neighbours along `count` lines of `length` pixels, which are `step` apart; the lines
 * are `stride` apart. The outermost pixels are repeated.
 */
function boxSums(layer, length, count, radius, step, stride) {
  const result = new Int32Array(layer.length);
  for (let line = 0; line < count; line += 1) {
    const start = line * stride;
    const at = (place) => layer[start + Math.min(Math.max(place, 0), length - 1) * step];
    let sum = 0;
    for (let place = -radius - 1; place < radius; place += 1) sum += at(place);
    for (let place = 0; place < length; place += 1) {
      sum += at(place + radius) - at(place - radius - 1);
      result[start + place * step] = sum;
    }
  }
  return result;
}
