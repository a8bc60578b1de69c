// The margin on one side of a scan: where its tone ends. As pix2pix/images/border.py.
//
// A side of a photo is a line { start, slope, isSure }: its distance from the image side is start +
// slope * position, in pixels. `isSure`: a sharp straight black or white edge, a border even on one side.

import { LIGHT_SCALE } from "./color.js";
import { slidingMedian } from "./cv_filters.js";
import { clamp, fitLine, median, roundHalfEven } from "./numbers.js";

const DEEPEST = 0.3; // maximum depth of one level, as a fraction of height or width
const THINNEST = 2; // minimum depth in pixels of the copy
const MAX_SLOPE = 0.05;
const SLOPES = 41; // that are tried
const TOLERANCE = 5; // units of L
const STEP = 12; // units of L
const BROKEN = 0.3; // share of columns that may end sooner: handwriting, notches
const [BLACK, WHITE] = [12, 92]; // L of a border that is recognised by its tone alone
const SAMPLES = 64; // positions along each side at which the edge is refined to the pixel

// Maximum deviation from the tone and minimum step to the photo, in units of L; share of the columns that
// must agree on its end. LENIENT: if two other sides have a border.
export const STRICT = { tolerance: TOLERANCE, step: STEP, straight: 0.5 };
export const LENIENT = { tolerance: TOLERANCE / 2, step: STEP / 2, straight: 0.3 };

export const NO_MARGIN = { start: 0, slope: 0, isSure: false };
const isNone = ({ start, slope, isSure }) => start === 0 && slope === 0 && !isSure;

/** A view of a plane with its left (0), top, right or bottom (3) side as its first row. */
export function turned({ width, height, data }, side) {
  const isUpright = side % 2 === 0;
  const [rows, columns] = isUpright ? [width, height] : [height, width];
  const rowStep = [1, width, -1, -width][side];
  const columnStep = isUpright ? width : 1;
  const first = [0, 0, width - 1, (height - 1) * width][side];
  return { rows, columns, at: (row, column) => data[first + row * rowStep + column * columnStep] };
}

/**
 * The end of the uniform tone that starts at the line `known`, from the first row of a view down; `known`
 * itself if there is none. The first `left` and last `right` columns belong to the neighbouring sides.
 */
export function measureMargin(view, known, left, right, strictness) {
  const depth = Math.trunc(DEEPEST * view.rows);
  const count = view.columns - right - left;
  if (count < 0.3 * view.columns) return known;
  const columns = Array.from({ length: Math.max(count, 0) }, (_, i) => left + i);
  const skipped = isNone(known) ? 0 : 2; // the step itself
  const begin = columns.map((x) => Math.max(Math.ceil(known.start + known.slope * x), 0) + skipped);
  const apart = distancesFromTone(view, columns, begin, depth);
  const { tone } = apart;
  const tolerance = clamp(4 * median(apart.slice(0, 6 * count)), strictness.tolerance, 2 * TOLERANCE);
  const reach = columns.map((_, i) => firstEnd(apart, i, count, depth, tolerance));
  const ends = reach.map((value, i) => value + begin[i]);
  const line = vote(columns, ends, begin, depth, strictness.straight);
  if (!line) return known;
  const gaps = ends.map((end, i) => end - (line.start + line.slope * columns[i]));
  const on = gaps.map((gap) => Math.abs(gap) <= 1.5);
  const steps = reach.map((at, i) => (
    apart[Math.min(at + 2, depth - 1) * count + i] - apart[Math.max(at - 1, 0) * count + i]
  ));
  const step = median(steps.filter((_, i) => on[i]));
  if (!(step >= strictness.step)) return known;
  const share = (flags) => flags.filter(Boolean).length / count;
  const isStraight = share(on) >= 0.8 && share(gaps.map((gap) => gap < -1.5)) < 0.05;
  const isExtreme = Math.max(...tone) < BLACK || Math.min(...tone) > WHITE;
  return { ...line, isSure: isStraight && isExtreme && step >= 2 * STEP };
}

/** Float32Array (depth, count) of distances from the tone of the first rows, and the `tone` itself. */
function distancesFromTone(view, columns, begin, depth) {
  const count = columns.length;
  const strip = new Float32Array(depth * count);
  for (let y = 0; y < depth; y += 1) {
    for (let i = 0; i < count; i += 1) {
      strip[y * count + i] = view.at(Math.min(begin[i] + y, view.rows - 1), columns[i]);
    }
  }
  const tone = smoothTone(columns.map((_, i) => median([strip[i], strip[count + i], strip[2 * count + i]])));
  const apart = strip.map((value, at) => Math.abs(value - tone[at % count]));
  return Object.assign(apart, { tone });
}

/** The first row from which on two are too far from the tone; `depth` if there is none. */
function firstEnd(apart, column, count, depth, tolerance) {
  for (let y = 0; y < depth - 1; y += 1) {
    const at = y * count + column;
    if (apart[at] > tolerance && apart[at + count] > tolerance) return y;
  }
  return depth;
}

/** The tone along a side, median-filtered to ignore handwriting but follow slow changes. */
function smoothTone(tone) {
  const side = Math.min(Math.max(3, Math.floor(tone.length / 4)), 127) | 1;
  const steps = Uint8Array.from(tone, (value) => roundHalfEven(Math.fround(value) * 2.55));
  return Float32Array.from(slidingMedian(steps, side), (value) => value / 2.55);
}

/** The line through most columns' ends; null if they are too few, or many end before it. */
function vote(columns, ends, begin, depth, straight) {
  let [best, most] = [null, 0];
  for (let i = 0; i < SLOPES; i += 1) {
    const slope = i === SLOPES - 1 ? MAX_SLOPE : -MAX_SLOPE + i * ((2 * MAX_SLOPE) / (SLOPES - 1));
    const levels = ends.map((end, at) => roundHalfEven(end - slope * columns[at]));
    const low = Math.min(...levels);
    const counts = new Int32Array(Math.max(...levels) - low + 3);
    for (const level of levels) for (let n = 0; n < 3; n += 1) counts[level - low + n] += 1;
    const inner = counts.subarray(1, counts.length - 1);
    const at = inner.reduce((top, value, n) => (value > inner[top] ? n : top), 0);
    if (inner[at] > most) [best, most] = [{ start: low + at, slope }, inner[at]];
  }
  if (!best || most < straight * columns.length) return null;
  const on = columns.map((x, i) => Math.abs(ends[i] - best.slope * x - best.start) <= 1.5);
  const line = { ...fitLine(columns.filter((_, i) => on[i]), ends.filter((_, i) => on[i])), isSure: false };
  const places = columns.map((x) => line.start + line.slope * x);
  const widths = places.map((place, i) => place - begin[i]);
  const mean = widths.reduce((sum, width) => sum + width, 0) / widths.length;
  const short = places.filter((place, i) => ends[i] < place - 2.5).length / places.length;
  const isUsable = mean >= THINNEST && Math.max(...widths) < depth - 3 && short <= BROKEN;
  return isUsable ? line : null;
}

/** The line in the photo's own pixels, moved to the strongest step nearby. `view` is of `light`. */
export function refineLine(view, side, scale) {
  const large = { start: side.start * scale, slope: side.slope, isSure: false };
  if (isNone(side)) return large;
  const at = (place) => large.start + large.slope * place;
  const reach = Math.ceil(3 * scale);
  const [places, edges] = [[], []];
  for (let i = 0; i < SAMPLES; i += 1) {
    const place = (0.03 + (i * 0.94) / (SAMPLES - 1)) * view.columns;
    const edge = strongestStep(view, place, roundHalfEven(at(place)), reach, scale);
    if (edge === null) continue;
    places.push(place);
    edges.push(edge);
  }
  if (places.length < Math.floor(SAMPLES / 4)) return large;
  const off = edges.map((edge, i) => edge - at(places[i]));
  const shift = median(off);
  const near = off.map((value) => Math.abs(value - shift) <= Math.max(2, scale));
  if (near.filter(Boolean).length < 8) return large;
  return { ...fitLine(places.filter((_, i) => near[i]), edges.filter((_, i) => near[i])), isSure: false };
}

/** The row of the strongest step in L around a place of a view; null where all are small. */
function strongestStep(view, place, center, reach, scale) {
  const [top, bottom] = [Math.max(center - reach, 0), Math.min(center + reach, view.rows)];
  const left = Math.max(Math.trunc(place - scale), 0);
  const right = Math.min(left + Math.trunc(2 * scale) + 1, view.columns);
  const profile = [];
  for (let y = top; y < bottom; y += 1) {
    let sum = 0;
    for (let x = left; x < right; x += 1) sum += view.at(y, x);
    profile.push(sum / (right - left) / LIGHT_SCALE);
  }
  if (profile.length < 4) return null;
  let [best, most] = [0, -1];
  for (let i = 0; i < profile.length - 2; i += 1) {
    const step = Math.abs(profile[i + 2] - profile[i]);
    if (step > most) [best, most] = [i, step];
  }
  return most >= STEP / 2 ? top + best + 1.5 : null;
}
