// Finds the border around a scanned photo: paper, a mount, film, the scanner's lid. As
// pix2pix/images/border.py. A border is its photo's corners [x, y], in 0..1 of the sheet, clockwise from
// the upper left.

import { measureMargin, refineLine, LENIENT, NO_MARGIN, STRICT, turned } from "./border_margin.js";
import { LIGHT_SCALE } from "./color.js";
import { resizeArea } from "./cv_resize.js";
import { toLightness } from "./light.js";
import { clamp, median, roundHalfEven } from "./numbers.js";
import { newPlane } from "./planes.js";

const LOOK_SIDE = 400; // long side in pixels of the copy that is searched
const SEEN = 4; // at most so many pixels across are averaged for one of the copy
const LEVELS = 3; // for example the scanner's lid, then a mount, then white paper
const ENOUGH = 3; // sides that are needed for a border of any depth
const SKEW = 0.012; // maximum difference between one side's slope and the others'
const THIN = 0.02; // maximum depth of a border on a single side, as a fraction of height or width

const isSame = (one, other) => (
  one.start === other.start && one.slope === other.slope && one.isSure === other.isSure
);

/** The corners of the photo on its sheet; null where there is no border. */
export function findBorder(light) {
  const scale = Math.max(1, Math.max(light.width, light.height) / LOOK_SIDE);
  const [width, height] = [light.width, light.height].map((n) => Math.max(1, roundHalfEven(n / scale)));
  if (Math.min(width, height) < 48) return null;
  const seen = takeEvery(light, Math.max(1, Math.trunc(scale / SEEN)));
  const small = toLightness(resizeArea(seen, width, height));
  let sides = [NO_MARGIN, NO_MARGIN, NO_MARGIN, NO_MARGIN];
  for (let level = 0; level < LEVELS; level += 1) {
    const deeper = peel(small, sides);
    if (deeper.every((side, k) => isSame(side, sides[k]))) break;
    sides = deeper;
  }
  if (sides.every((side) => isSame(side, NO_MARGIN))) return null;
  if (scale > 1) sides = sides.map((side, k) => refineLine(turned(light, k), side, scale));
  return { corners: cornersOf(sides, light.width, light.height) };
}

function takeEvery({ width, height, data }, step) {
  if (step === 1) return { width, height, data };
  const result = newPlane(Math.ceil(width / step), Math.ceil(height / step), data.constructor);
  let at = 0;
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) result.data[at++] = data[y * width + x];
  }
  return result;
}

/** The corners in pixels; an edge between two pixels is not moved to the next by rounding errors. */
export function cornerPoints({ corners }, width, height) {
  return corners.map(([x, y]) => [x * width, y * height].map((value) => Math.round(value * 1e6) / 1e6));
}

/** The smallest box [left, top, right, bottom] that contains all of the photo. */
export function outerBox(border, width, height) {
  const points = cornerPoints(border, width, height);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, top] = [xs, ys].map((values) => Math.max(Math.trunc(Math.min(...values)), 0));
  const right = Math.min(Math.ceil(Math.max(...xs)), width);
  const bottom = Math.min(Math.ceil(Math.max(...ys)), height);
  return [left, top, Math.max(right, left + 1), Math.max(bottom, top + 1)];
}

/** The largest upright box without any border. */
export function innerBox(border, width, height) {
  const [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = cornerPoints(border, width, height);
  const [left, top] = [Math.ceil(Math.max(x0, x3, 0)), Math.ceil(Math.max(y0, y1, 0))];
  const [right, bottom] = [Math.trunc(Math.min(x1, x2, width)), Math.trunc(Math.min(y2, y3, height))];
  return [left, top, Math.max(right, left + 1), Math.max(bottom, top + 1)];
}

/** The median L of the border. */
export function marginTone(light, border) {
  const { width, height, data } = light;
  const [left, top, right, bottom] = outerBox(border, width, height);
  const seen = [];
  const parts = [[0, 0, width, top], [0, bottom, width, height], [0, 0, left, height], [right, 0, width, height]];
  for (const [x0, y0, x1, y1] of parts) {
    const step = Math.max(1, Math.floor((y1 - y0) / 64));
    for (let y = y0; y < y1; y += step) {
      for (let x = x0; x < x1; x += 8) seen.push(data[y * width + x]);
    }
  }
  return seen.length ? median(seen) / LIGHT_SCALE : 0;
}

/** The sides one border level further in; unchanged if there is no further level. */
function peel(small, sides) {
  const views = [0, 1, 2, 3].map((k) => turned(small, k));
  let [found, isNew] = [sides, [false, false, false, false]];
  const count = () => isNew.filter(Boolean).length;
  for (const strictness of [STRICT, STRICT, LENIENT]) {
    if (strictness === LENIENT && count() < 2) break;
    const ends = found.map((side, k) => furthest(side, views[k].columns));
    const keep = isNew.map((flag) => strictness === LENIENT && flag);
    found = found.map((side, k) => (keep[k] ? side : (
      measureMargin(views[k], sides[k], ends[k % 2 ? 0 : 1], ends[k % 2 ? 2 : 3], strictness)
    )));
    isNew = found.map((side, k) => !isSame(side, sides[k]));
  }
  isNew = keepParallel(found, isNew);
  if (count() < ENOUGH) {
    isNew = isNew.map((flag, k) => flag && found[k].isSure);
    const first = count() === 1 ? isNew.indexOf(true) : -1;
    if (first >= 0 && furthest(found[first], 0) > THIN * views[first].rows) return sides;
  }
  return sides.map((known, k) => (isNew[k] ? found[k] : known));
}

/** Which of the new sides have the common rotation: photos have right angles. */
function keepParallel(found, isNew) {
  const turns = found.map(({ slope }, k) => (k === 1 || k === 2 ? slope : -slope));
  const common = median(turns.filter((_, k) => isNew[k]));
  return isNew.map((flag, k) => flag && Math.abs(turns[k] - common) <= SKEW);
}

function furthest({ start, slope }, length) {
  return Math.ceil(Math.max(start, start + slope * length, 0));
}

function cornersOf([left, top, right, bottom], width, height) {
  right = { start: width - right.start, slope: -right.slope };
  bottom = { start: height - bottom.start, slope: -bottom.slope };
  return [[left, top], [right, top], [right, bottom], [left, bottom]].map(([upright, level]) => {
    const y = (level.start + level.slope * upright.start) / (1 - level.slope * upright.slope);
    const x = upright.start + upright.slope * y;
    return [clamp(x / width, 0, 1), clamp(y / height, 0, 1)];
  });
}
