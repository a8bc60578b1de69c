// Label maps from the output of a tracer, as pix2pix/inference/photo_to_label.py makes them.

import { linearParts } from "./float_parts.js";

/**
 * The most likely class of each pixel, { width, height, ids }, of a photo of `width` x `height`.
 *
 * `logits` (2, K, h, w) with these `dims` are the network's output for a photo and its mirror image; their
 * probabilities are averaged. `placement` says where the photo was in the network's input, in pixels of
 * the input: { inputHeight, outer: [width, height] } without the padding to a multiple at the right and
 * below, `inner`: [width, height] of the photo centred in `outer` where it was padded, and `isRotated` for
 * one turned left by 90 degrees.
 */
export function labelsFromLogits(logits, dims, { width, height }, placement = {}) {
  const whole = meanProbabilities(logits, dims);
  return argmaxUpsampled(extract(whole, placement), width, height);
}

/** Probabilities { width, height, classes, data }, (h, w, K), from logits (2, K, h, w). */
export function meanProbabilities(logits, [, classes, height, width]) {
  const pixels = width * height;
  const data = new Float32Array(pixels * classes);
  const own = new Float64Array(classes);
  const mirrored = new Float64Array(classes);
  for (let y = 0, i = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, i += 1) {
      softmax(logits, i, pixels, own);
      softmax(logits, classes * pixels + (y + 1) * width - 1 - x, pixels, mirrored);
      for (let k = 0; k < classes; k += 1) {
        data[i * classes + k] = (Math.fround(own[k]) + Math.fround(mirrored[k])) / 2;
      }
    }
  }
  return { width, height, classes, data };
}

function softmax(logits, first, step, result) {
  let most = -Infinity;
  for (let k = 0, i = first; k < result.length; k += 1, i += step) most = Math.max(most, logits[i]);
  let total = 0;
  for (let k = 0, i = first; k < result.length; k += 1, i += step) {
    result[k] = Math.exp(logits[i] - most);
    total += result[k];
  }
  for (let k = 0; k < result.length; k += 1) result[k] /= total;
}

/** The part of the probabilities that shows the photo, upright. */
function extract(whole, { inputHeight = whole.height, outer, inner, isRotated = false }) {
  const part = Math.max(1, Math.floor(inputHeight / whole.height));
  const [outerWidth, outerHeight] = outer ?? [whole.width * part, whole.height * part];
  const [innerWidth, innerHeight] = inner ?? [outerWidth, outerHeight];
  const top = Math.floor((outerHeight - innerHeight) / 2);
  const left = Math.floor((outerWidth - innerWidth) / 2);
  const shown = cut(
    whole, Math.floor(left / part), Math.floor(top / part),
    Math.ceil((left + innerWidth) / part), Math.ceil((top + innerHeight) / part),
  );
  return isRotated ? turnRight(shown) : shown;
}

function cut({ width, classes, data }, left, top, right, bottom) {
  const result = new Float32Array((right - left) * (bottom - top) * classes);
  const length = (right - left) * classes;
  for (let y = top; y < bottom; y += 1) {
    const start = (y * width + left) * classes;
    result.set(data.subarray(start, start + length), (y - top) * length);
  }
  return { width: right - left, height: bottom - top, classes, data: result };
}

/** Turned by 90 degrees, clockwise. */
function turnRight({ width, height, classes, data }) {
  const result = new Float32Array(data.length);
  for (let y = 0; y < width; y += 1) {
    for (let x = 0; x < height; x += 1) {
      const from = ((height - 1 - x) * width + y) * classes;
      result.set(data.subarray(from, from + classes), (y * height + x) * classes);
    }
  }
  return { width: height, height: width, classes, data: result };
}

/**
 * The most likely class { width, height, ids } from probabilities (h, w, K) interpolated to the size, in
 * float32 as in Python. Works row by row: twelve probabilities for 50 million pixels would take 2.4 GB.
 */
export function argmaxUpsampled(found, width, height) {
  const { classes, data } = found;
  const ids = new Uint8Array(width * height);
  const columns = linearParts(found.width, width);
  const line = new Float32Array(found.width * classes);
  const step = found.width * classes;
  const sums = new Float32Array(classes);
  for (let y = 0, to = 0; y < height; y += 1) {
    const place = Math.fround(Math.min(Math.max((y + 0.5) * (found.height / height) - 0.5, 0), found.height - 1));
    const above = Math.floor(place);
    const below = Math.min(above + 1, found.height - 1);
    blend(data, above * step, below * step, Math.fround(place - above), line);
    for (const parts of columns) {
      ids[to] = mostLikely(line, parts, sums);
      to += 1;
    }
  }
  return { width, height, ids };
}

function blend(data, above, below, part, line) {
  const rest = Math.fround(1 - part);
  for (let i = 0; i < line.length; i += 1) {
    line[i] = Math.fround(data[above + i] * rest) + Math.fround(data[below + i] * part);
  }
}

function mostLikely(line, parts, sums) {
  sums.fill(0);
  for (const [at, share] of parts) {
    for (let k = 0, i = at * sums.length; k < sums.length; k += 1, i += 1) sums[k] += Math.fround(line[i] * share);
  }
  let best = 0;
  for (let k = 1; k < sums.length; k += 1) if (sums[k] > sums[best]) best = k;
  return best;
}
