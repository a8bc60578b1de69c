// Filters of planes of Float32Array as OpenCV has them.

import { newPlane } from "./planes.js";

/** The index that stands for `at` outside 0..size-1; `edge` 1: the outermost value is mirrored too. */
function mirror(at, size, edge) {
  if (size === 1) return 0;
  while (at < 0 || at >= size) at = at < 0 ? -at - edge : 2 * size - at - 2 + edge;
  return at;
}

/** Indexes -reach..size+reach-1, mirrored. BORDER_REFLECT where `edge` is 1, BORDER_REFLECT_101 for 0. */
function mirrored(size, reach, edge) {
  return Int32Array.from({ length: size + 2 * reach }, (_, i) => mirror(i - reach, size, edge));
}

/** `cv2.blur` with a square of `side` pixels, odd; `edge` 1 for BORDER_REFLECT, 0 for the default. */
export function boxBlur({ width, height, data }, side, edge = 0) {
  const reach = (side - 1) / 2;
  const [columns, rows] = [mirrored(width, reach, edge), mirrored(height, reach, edge)];
  const across = new Float64Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const row = y * width;
    let sum = 0;
    for (let i = 0; i < side - 1; i += 1) sum += data[row + columns[i]];
    for (let x = 0; x < width; x += 1) {
      sum += data[row + columns[x + side - 1]];
      across[row + x] = sum;
      sum -= data[row + columns[x]];
    }
  }
  const result = newPlane(width, height);
  const sums = new Float64Array(width);
  const add = (row, sign) => {
    for (let x = 0, from = row * width; x < width; x += 1, from += 1) sums[x] += sign * across[from];
  };
  for (let i = 0; i < side - 1; i += 1) add(rows[i], 1);
  for (let y = 0; y < height; y += 1) {
    add(rows[y + side - 1], 1);
    for (let x = 0; x < width; x += 1) result.data[y * width + x] = sums[x] / (side * side);
    add(rows[y], -1);
  }
  return result;
}

/** `cv2.GaussianBlur` with a kernel size that follows from `sigma`. */
export function gaussianBlur({ width, height, data }, sigma) {
  const reach = (Math.round(sigma * 8 + 1) | 1) >> 1;
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, i) => (
    Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2))
  ));
  const total = kernel.reduce((sum, value) => sum + value, 0);
  kernel.forEach((value, i) => { kernel[i] = value / total; });
  const [columns, rows] = [mirrored(width, reach, 0), mirrored(height, reach, 0)];
  const across = newPlane(width, height);
  const padded = new Float64Array(width + 2 * reach);
  for (let y = 0; y < height; y += 1) {
    const row = y * width;
    for (let x = 0; x < padded.length; x += 1) padded[x] = data[row + columns[x]];
    for (let x = 0; x < width; x += 1) {
      let sum = padded[x + reach] * kernel[reach];
      for (let i = 1; i <= reach; i += 1) {
        sum += (padded[x + reach - i] + padded[x + reach + i]) * kernel[reach - i];
      }
      across.data[row + x] = sum;
    }
  }
  const result = newPlane(width, height);
  const sums = new Float64Array(width);
  for (let y = 0; y < height; y += 1) {
    sums.fill(0);
    for (let i = 0; i < kernel.length; i += 1) {
      const weight = kernel[i];
      for (let x = 0, from = rows[y + i] * width; x < width; x += 1, from += 1) {
        sums[x] += across.data[from] * weight;
      }
    }
    result.data.set(sums, y * width);
  }
  return result;
}

/** The median of each channel over 3x3 pixels, with the outermost ones repeated: `cv2.medianBlur`. */
export function medianBlur3({ width, height, data }) {
  const result = new Uint8ClampedArray(data.length);
  const values = new Uint8Array(9);
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (let c = 0; c < 4; c += 1, at += 1) {
        let count = 0;
        for (let row = y - 1; row <= y + 1; row += 1) {
          const from = Math.min(Math.max(row, 0), height - 1) * width;
          for (let column = x - 1; column <= x + 1; column += 1) {
            values[count] = data[(from + Math.min(Math.max(column, 0), width - 1)) * 4 + c];
            count += 1;
          }
        }
        result[at] = values.sort()[4];
      }
    }
  }
  return { width, height, data: result };
}

/** The median of `side` values around each, odd, with the first and the last repeated. Of bytes. */
export function slidingMedian(values, side) {
  const reach = (side - 1) / 2;
  const counts = new Int32Array(256);
  const at = (i) => values[Math.min(Math.max(i, 0), values.length - 1)];
  for (let i = -reach; i < reach; i += 1) counts[at(i)] += 1;
  return Uint8Array.from(values, (_, i) => {
    counts[at(i + reach)] += 1;
    let [value, seen] = [0, counts[0]];
    while (seen <= reach) seen += counts[value += 1];
    counts[at(i - reach)] -= 1;
    return value;
  });
}
