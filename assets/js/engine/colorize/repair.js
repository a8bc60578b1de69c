// Which pixels a repair replaces, and how marked places are filled before. As pix2pix/images/repair.py.

import { newPlane } from "./planes.js";

export const DAMAGE_LEVEL = 0.5; // probability from which a pixel counts as damaged
export const COARSE_LEVEL = 0.8; // the same at coarse scales
export const DARK_LEVEL = 0.9; // the same for what is darker than its surroundings
const GROW = 1; // pixels: the rim of a scratch is fainter than what is found
const FEATHER = 2; // pixels over which a repair fades into the photo
const EMPTY = 1e-4; // a smaller share of known pixels is none
const THICK = 3; // pixels: damage as thick as this is repaired at a coarse level

const REACH = GROW + FEATHER + 1; // pixels from the damage where the opacity is 0 again
const OFFSETS = offsetsWithin(REACH);

/** Offsets [x, y, opacity] of the pixels nearer than `reach`, without (0, 0). */
function offsetsWithin(reach) {
  const found = [];
  for (let y = -reach; y <= reach; y += 1) {
    for (let x = -reach; x <= reach; x += 1) {
      const distance = Math.hypot(x, y);
      if (distance && distance < reach) found.push([x, y, Math.min((reach - distance) / (FEATHER + 1), 1)]);
    }
  }
  return found;
}

/**
 * The opacity of a repair of `damage` (a plane of 0 and 1): 1 on the damage and GROW pixels around it, then
 * falling to 0 within FEATHER pixels.
 */
export function repairOpacity({ width, height, data }) {
  const opacity = newPlane(width, height);
  const out = opacity.data;
  for (let y = 0, i = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, i += 1) {
      if (!data[i]) continue;
      out[i] = 1;
      const isInside = x > 0 && data[i - 1] && x < width - 1 && data[i + 1]
        && y > 0 && data[i - width] && y < height - 1 && data[i + width];
      if (isInside) continue; // its rim is nearer to all others
      for (const [dx, dy, value] of OFFSETS) {
        const [column, row] = [x + dx, y + dy];
        if (column < 0 || row < 0 || column >= width || row >= height) continue;
        const at = row * width + column;
        if (out[at] < value) out[at] = value;
      }
    }
  }
  return opacity;
}

/** `damage` and GROW pixels around it: what a repair hides. */
export const growDamage = (damage) => dilate(damage, 2 * GROW + 1);

/** Where `light` is darker than what surrounds the `damage`: a plane of 0 and 1. */
export function isDark(light, damage) {
  if (!damage.data.includes(1)) return damage;
  const own = { ...light, data: Float32Array.from(light.data) };
  const around = fillSmooth(own, growDamage(damage));
  return { ...damage, data: Uint8Array.from(own.data, (value, i) => Number(value < around.data[i])) };
}

/** The parts of `damage` that are at least THICK pixels thick. */
export function keepThick(damage) {
  const inverse = mapPlane(damage, (value) => 1 - value);
  const core = mapPlane(dilate(inverse, THICK), (value) => 1 - value);
  const near = dilate(core, THICK + 2);
  return mapPlane(damage, (value, i) => value & near.data[i]);
}

const mapPlane = ({ width, height, data }, act) => ({ width, height, data: data.map(act) });

/** A plane of 0 and 1 in which all within a square of `side` pixels, odd, around a 1 is 1. */
function dilate(plane, side) {
  const reach = (side - 1) / 2;
  const { width, height } = plane;
  const across = spreadRows(plane, reach);
  const result = newPlane(width, height, Uint8Array);
  for (let y = 0; y < height; y += 1) {
    for (let row = Math.max(y - reach, 0); row <= Math.min(y + reach, height - 1); row += 1) {
      for (let x = 0, to = y * width, from = row * width; x < width; x += 1) result.data[to + x] |= across[from + x];
    }
  }
  return result;
}

function spreadRows({ width, height, data }, reach) {
  const result = new Uint8Array(data.length);
  for (let y = 0, i = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, i += 1) {
      if (data[i]) result.fill(1, i - Math.min(reach, x), i + Math.min(reach, width - 1 - x) + 1);
    }
  }
  return result;
}

/**
 * A plane of L in which places with `marks` above 0 are filled from around them: averages of the known pixels on
 * a pyramid (push-pull), used as fine as there are any. Other pixels stay the same.
 */
export function fillSmooth(lightness, marks) {
  const known = mapPlane(lightness, (_, i) => (marks.data[i] ? 0 : 1));
  const count = known.data.reduce((sum, value) => sum + value, 0);
  if (count === 0 || count === known.data.length) return lightness;
  const mean = lightness.data.reduce((sum, value, i) => sum + value * known.data[i], 0) / count;
  const levels = [[mapPlane(lightness, (value, i) => value * known.data[i]), known]];
  for (;;) {
    const [values, weights] = levels[levels.length - 1];
    if (Math.min(weights.width, weights.height) <= 2 || weights.data.every((weight) => weight >= 1)) break;
    levels.push([halve(values), halve(weights)]);
  }
  let [filled, base] = levels.pop();
  filled = mapPlane(filled, (value, i) => (
    base.data[i] > 0 ? value / Math.max(base.data[i], EMPTY) : mean
  ));
  for (const [values, weights] of levels.reverse()) {
    const coarse = double(filled, weights.width, weights.height);
    filled = mapPlane(values, (value, i) => (
      coarse.data[i] + (value / Math.max(weights.data[i], EMPTY) - coarse.data[i]) * weights.data[i]
    ));
  }
  return mapPlane(filled, (value, i) => (known.data[i] ? lightness.data[i] : value));
}

/** `cv2.pyrDown`: blurred with 1 4 6 4 1, every second row and column. */
function halve(plane) {
  const across = downRows(plane, plane.width, plane.height, 1, plane.width);
  const columns = (plane.width + 1) >> 1;
  const down = downRows(across, plane.height, columns, columns, 1);
  return { width: columns, height: (plane.height + 1) >> 1, data: down.data };
}

/** Halves `count` lines of `size` values; `step` apart are the values, `stride` the lines. */
function downRows({ data }, size, count, step, stride) {
  const half = (size + 1) >> 1;
  const isRow = step === 1;
  const result = new Float32Array(half * count);
  const at = (i) => reflect(i, size) * step;
  for (let k = 0; k < half; k += 1) {
    const [a, b, c, d, e] = [-2, -1, 0, 1, 2].map((shift) => at(2 * k + shift));
    for (let n = 0; n < count; n += 1) {
      const from = n * stride;
      const sum = data[from + a] + data[from + e] + 4 * (data[from + b] + data[from + d]) + 6 * data[from + c];
      result[isRow ? n * half + k : k * count + n] = sum / 16;
    }
  }
  return { data: result };
}

function reflect(at, size) {
  if (size === 1) return 0;
  while (at < 0 || at >= size) at = at < 0 ? -at : 2 * size - 2 - at;
  return at;
}

/** `cv2.pyrUp` to a width and height of twice the plane's, or one less. */
function double(plane, width, height) {
  const across = newPlane(width, plane.height);
  for (let y = 0; y < plane.height; y += 1) {
    upLine(plane.data, y * plane.width, 1, plane.width, across.data, y * width, 1, width);
  }
  const result = newPlane(width, height);
  for (let x = 0; x < width; x += 1) upLine(across.data, x, width, plane.height, result.data, x, width, height);
  return result;
}

function upLine(data, from, step, size, out, to, stride, length) {
  for (let i = 0; i < size; i += 1) {
    const here = data[from + i * step];
    const before = data[from + (i ? i - 1 : Math.min(1, size - 1)) * step];
    const after = data[from + Math.min(i + 1, size - 1) * step];
    out[to + 2 * i * stride] = (before + 6 * here + after) / 8;
    if (2 * i + 1 < length) out[to + (2 * i + 1) * stride] = (here + after) / 2;
  }
}
