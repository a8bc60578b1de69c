// The edges of photos as OpenCV finds them: Gaussian blur of bytes, Sobel's gradients, Canny. No DOM.

import { clamp, roundHalfEven } from "../colorize/numbers.js";

const BITS = 8; // after the point of the blur's weights
const DIAGONAL = Math.round(Math.tan(Math.PI / 8) * 2 ** 15); // the slope of a gradient that is nearly level

/** An opaque photo's gradients: { width, height, dx, dy }, of the channel where they are largest at each pixel. */
export function strongestGradients({ width, height, data }, sigma) {
  const count = width * height;
  const [dx, dy, best] = [new Int16Array(count), new Int16Array(count), new Int16Array(count).fill(-1)];
  const plane = new Uint8Array(count);
  for (let channel = 0; channel < 3; channel += 1) {
    for (let i = 0; i < count; i += 1) plane[i] = data[4 * i + channel];
    eachGradient(blurBytes({ width, height, data: plane }, sigma), (i, across, down) => {
      const size = Math.abs(across) + Math.abs(down);
      if (size > best[i]) [best[i], dx[i], dy[i]] = [size, across, down];
    });
  }
  return { width, height, dx, dy };
}

/** `cv2.GaussianBlur` of a plane of bytes: in fixed point, so that it is the same everywhere. */
export function blurBytes({ width, height, data }, sigma) {
  const weights = blurWeights(sigma);
  const reach = weights.length >> 1;
  const [columns, rows] = [width, height].map((side) => reflected(side, reach));
  const across = new Uint16Array(width * height);
  for (let y = 0, to = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, to += 1) {
      let sum = 0;
      for (let i = 0; i < weights.length; i += 1) sum += weights[i] * data[y * width + columns[x + i]];
      across[to] = sum;
    }
  }
  const blurred = new Uint8Array(width * height);
  const sums = new Uint32Array(width);
  for (let y = 0; y < height; y += 1) {
    sums.fill(2 ** (2 * BITS - 1));
    for (let i = 0; i < weights.length; i += 1) {
      const from = rows[y + i] * width;
      for (let x = 0; x < width; x += 1) sums[x] += weights[i] * across[from + x];
    }
    for (let x = 0; x < width; x += 1) blurred[y * width + x] = sums[x] >>> (2 * BITS);
  }
  return { width, height, data: blurred };
}

/** Whole numbers that add up to 2 ** BITS: what rounding takes from a weight is given to the next one inwards. */
function blurWeights(sigma) {
  const reach = (roundHalfEven(sigma * 6 + 1) | 1) >> 1;
  const curve = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)));
  const total = curve.reduce((sum, value) => sum + value, 0);
  const weights = new Int32Array(curve.length);
  let [rest, middle] = [0, 2 ** BITS];
  for (let i = 0; i < reach; i += 1) {
    const exact = (curve[i] / total) * 2 ** BITS + rest;
    const weight = roundHalfEven(exact);
    rest = exact - weight;
    weights[i] = weights[2 * reach - i] = weight;
    middle -= 2 * weight;
  }
  weights[reach] = middle;
  return weights;
}

/** The places -reach..side + reach - 1, mirrored at the outermost pixels. */
function reflected(side, reach) {
  const period = Math.max(2 * side - 2, 1);
  return Int32Array.from({ length: side + 2 * reach }, (_, i) => {
    const at = (((i - reach) % period) + period) % period;
    return at < side ? at : period - at;
  });
}

/** Calls visit(index, dx, dy) for each pixel, with Sobel's 3x3 filters; the outermost pixels are repeated. */
function eachGradient({ width, height, data }, visit) {
  for (let y = 0, i = 0; y < height; y += 1) {
    const rows = [y - 1, y, y + 1].map((row) => clamp(row, 0, height - 1) * width);
    for (let x = 0; x < width; x += 1, i += 1) {
      const [left, right] = [Math.max(x - 1, 0), Math.min(x + 1, width - 1)];
      const step = (row) => data[row + right] - data[row + left];
      const below = (column) => data[rows[2] + column] - data[rows[0] + column];
      visit(i, step(rows[0]) + 2 * step(rows[1]) + step(rows[2]), below(left) + 2 * below(x) + below(right));
    }
  }
}

/**
 * A plane of 0 and 1: the edges of `strongestGradients`, as `cv2.Canny(dx, dy, low, high)` finds them. An edge is
 * a ridge of the gradient above `low` that is connected to a place above `high`.
 */
export function cannyEdges({ width, height, dx, dy }, low, high) {
  const size = Int32Array.from(dx, (value, i) => Math.abs(value) + Math.abs(dy[i]));
  const sizeAt = (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : size[y * width + x]);
  const [CANDIDATE, EDGE] = [1, 2];
  const marks = new Uint8Array(width * height);
  const stack = [];
  for (let y = 0, i = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, i += 1) {
      if (size[i] <= Math.floor(low) || !isRidge(sizeAt, x, y, dx[i], dy[i])) continue;
      marks[i] = CANDIDATE;
      if (size[i] > Math.floor(high)) stack.push(i);
    }
  }
  while (stack.length) {
    const at = stack.pop();
    if (marks[at] === EDGE) continue;
    marks[at] = EDGE;
    const [x, y] = [at % width, Math.floor(at / width)];
    for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row += 1) {
      for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column += 1) {
        if (marks[row * width + column] === CANDIDATE) stack.push(row * width + column);
      }
    }
  }
  return { width, height, data: marks.map((mark) => Number(mark === EDGE)) };
}

/** Whether the gradient at a pixel is larger than at both its neighbours in the gradient's direction. */
function isRidge(sizeAt, x, y, dx, dy) {
  const own = sizeAt(x, y);
  const [across, down] = [Math.abs(dx), Math.abs(dy) * 2 ** 15];
  if (down < across * DIAGONAL) return own > sizeAt(x - 1, y) && own >= sizeAt(x + 1, y);
  if (down > across * (DIAGONAL + 2 ** 16)) return own > sizeAt(x, y - 1) && own >= sizeAt(x, y + 1);
  const side = (dx ^ dy) < 0 ? -1 : 1;
  return own > sizeAt(x - side, y - 1) && own > sizeAt(x + side, y + 1);
}
