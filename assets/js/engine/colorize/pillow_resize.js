// Resizing of 8-bit pixels as Pillow does it: box, bicubic and Lanczos filters in fixed point, `reduce`,
// `thumbnail`, `fit`.

import { newPixels } from "./planes.js";

const PRECISION = 22; // bits after the point of the filters' weights

const sinc = (x) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));
/** With a slope of -0.5 at 1. */
function cubic(distance) {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

const FILTERS = {
  box: { support: 0.5, weigh: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bicubic: { support: 2, weigh: cubic },
  lanczos: { support: 3, weigh: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** For each pixel of the result: the first pixel that it is made of, and the weights from there on. */
function weights(inSize, from, to, outSize, { support, weigh }) {
  const scale = Math.fround(to - from) / outSize;
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  return Array.from({ length: outSize }, (_, at) => {
    const center = from + (at + 0.5) * scale;
    const first = Math.max(Math.trunc(center - reach + 0.5), 0);
    const last = Math.min(Math.trunc(center + reach + 0.5), inSize);
    const raw = [];
    let total = 0;
    for (let i = first; i < last; i += 1) {
      raw.push(weigh((i - center + 0.5) / stretch));
      total += raw[raw.length - 1];
    }
    const fixed = raw.map((weight) => {
      const value = (total ? weight / total : weight) * 2 ** PRECISION;
      return Math.trunc(value + (value < 0 ? -0.5 : 0.5));
    });
    return { first, fixed: Int32Array.from(fixed) };
  });
}

const HALF = 1 << (PRECISION - 1);

// Sums stay within 32 bits: the weights of a pixel add up to 1, with overshoot to less than 2.

function resizeAcross({ width, data }, parts, top, bottom) {
  const result = newPixels(parts.length, bottom - top);
  const out = result.data;
  const firsts = Int32Array.from(parts, ({ first }) => first * 4);
  const counts = Int32Array.from(parts, ({ fixed }) => fixed.length);
  const all = Int32Array.from(parts.flatMap(({ fixed }) => [...fixed]));
  for (let y = top, to = 0; y < bottom; y += 1) {
    for (let x = 0, i = 0; x < firsts.length; x += 1, to += 4) {
      let from = y * width * 4 + firsts[x];
      let r = HALF;
      let g = HALF;
      let b = HALF;
      let a = HALF;
      for (const end = i + counts[x]; i < end; i += 1, from += 4) {
        const weight = all[i];
        r = (r + Math.imul(data[from], weight)) | 0;
        g = (g + Math.imul(data[from + 1], weight)) | 0;
        b = (b + Math.imul(data[from + 2], weight)) | 0;
        a = (a + Math.imul(data[from + 3], weight)) | 0;
      }
      out[to] = r >> PRECISION;
      out[to + 1] = g >> PRECISION;
      out[to + 2] = b >> PRECISION;
      out[to + 3] = a >> PRECISION;
    }
  }
  return result;
}

function resizeDown({ width, data }, parts, skipped) {
  const result = newPixels(width, parts.length);
  const out = result.data;
  const sums = new Int32Array(width * 4);
  const count = sums.length;
  parts.forEach(({ first, fixed }, y) => {
    sums.fill(HALF);
    for (let i = 0; i < fixed.length; i += 1) {
      const from = (first - skipped + i) * count;
      const weight = fixed[i];
      for (let x = 0; x < count; x += 1) sums[x] += Math.imul(data[from + x], weight);
    }
    for (let x = 0, to = y * count; x < count; x += 1, to += 1) out[to] = sums[x] >> PRECISION;
  });
  return result;
}

function filterResize(photo, width, height, filter, box) {
  const [left, top, right, bottom] = box.map(Math.fround); // as Pillow takes them
  const across = weights(photo.width, left, right, width, FILTERS[filter]);
  const down = weights(photo.height, top, bottom, height, FILTERS[filter]);
  const needsAcross = width !== photo.width || left !== 0 || right !== width;
  const needsDown = height !== photo.height || top !== 0 || bottom !== height;
  let result = photo;
  let skipped = 0;
  if (needsAcross) {
    const lastPart = down[down.length - 1];
    skipped = needsDown ? down[0].first : 0;
    const end = needsDown ? lastPart.first + lastPart.fixed.length : photo.height;
    result = resizeAcross(photo, across, skipped, end);
  }
  return needsDown ? resizeDown(result, down, skipped) : result;
}

/** Averages cells of `fx` x `fy` pixels; those at the right and lower side of the box may be smaller. */
function reduce(photo, fx, fy, [left, top, right, bottom]) {
  const result = newPixels(Math.ceil((right - left) / fx), Math.ceil((bottom - top) / fy));
  const { data } = photo;
  const sums = new Uint32Array(result.width * 4);
  for (let y = 0; y < result.height; y += 1) {
    const [first, last] = [top + y * fy, Math.min(top + (y + 1) * fy, bottom)];
    sums.fill(0);
    for (let row = first; row < last; row += 1) {
      let from = (row * photo.width + left) * 4;
      for (let x = 0, cell = 0; x < right - left; cell += 4) {
        for (const end = Math.min(x + fx, right - left); x < end; x += 1, from += 4) {
          sums[cell] += data[from];
          sums[cell + 1] += data[from + 1];
          sums[cell + 2] += data[from + 2];
          sums[cell + 3] += data[from + 3];
        }
      }
    }
    for (let x = 0; x < sums.length; x += 1) {
      const columns = Math.min(fx, right - left - (x >> 2) * fx);
      const count = columns * (last - first);
      const multiplier = Math.floor(2 ** 24 / count);
      result.data[y * sums.length + x] = Math.floor(((sums[x] + (count >> 1)) * multiplier) / 2 ** 24);
    }
  }
  return result;
}

/**
 * Pixels resized to `width` x `height` from a box [left, top, right, bottom], with a filter of FILTERS. All four channels alike: alpha is not weighed in. `gap` is Pillow's `reducing_gap`: above 0,
 * the photo is reduced by whole numbers first, to `gap` times the result's size at least.
 */
export function resizePixels(photo, width, height, filter, { box, gap = 0 } = {}) {
  let [left, top, right, bottom] = box ?? [0, 0, photo.width, photo.height];
  if (width === photo.width && height === photo.height && !left && !top) {
    if (right === width && bottom === height) return { width, height, data: photo.data.slice() };
  }
  const [scaleX, scaleY] = [(right - left) / width, (bottom - top) / height];
  const fx = gap ? Math.trunc(scaleX / gap) || 1 : 1;
  const fy = gap ? Math.trunc(scaleY / gap) || 1 : 1;
  if (fx > 1 || fy > 1) {
    const reach = FILTERS[filter].support - 0.5;
    const safe = [
      Math.max(0, Math.trunc(left - reach * scaleX)), Math.max(0, Math.trunc(top - reach * scaleY)),
      Math.min(photo.width, Math.ceil(right + reach * scaleX)),
      Math.min(photo.height, Math.ceil(bottom + reach * scaleY)),
    ];
    photo = reduce(photo, fx, fy, safe);
    [left, right] = [left, right].map((x) => (x - safe[0]) / fx);
    [top, bottom] = [top, bottom].map((y) => (y - safe[1]) / fy);
  }
  if (photo.height > photo.width * 100 && height < photo.height) { // as Pillow since 12
    photo = filterResize(photo, photo.width, height, filter, [0, top, photo.width, bottom]);
    [top, bottom] = [0, height];
  }
  return filterResize(photo, width, height, filter, [left, top, right, bottom]);
}

/** The middle of a photo at a size: `ImageOps.fit`. */
export function fitPixels(photo, width, height, filter) {
  const aspect = width / height;
  const own = photo.width / photo.height;
  const columns = own > aspect ? aspect * photo.height : photo.width;
  const rows = own < aspect ? photo.width / aspect : photo.height;
  const [left, top] = [(photo.width - columns) * 0.5, (photo.height - rows) * 0.5];
  return resizePixels(photo, width, height, filter, { box: [left, top, left + columns, top + rows] });
}

/** The [width, height] of Pillow's `thumbnail((side, side))`; null where the picture is left as it is. */
export function thumbnailSize(width, height, side) {
  if (side >= width && side >= height) return null;
  const aspect = width / height;
  const closer = (value, error) => {
    const [low, high] = [Math.floor(value), Math.ceil(value)];
    return Math.max(error(high) < error(low) ? high : low, 1);
  };
  if (aspect <= 1) return [closer(side * aspect, (n) => Math.abs(aspect - n / side)), side];
  return [side, closer(side / aspect, (n) => (n === 0 ? 0 : Math.abs(aspect - side / n)))];
}

/** The pixels with no side over `side`; the same where they have none. */
export function thumbnail(photo, side, filter) {
  const size = thumbnailSize(photo.width, photo.height, side);
  return size ? resizePixels(photo, ...size, filter, { gap: 2 }) : photo;
}
