// Maps the colours of a label image to class indices: exact, blended by JPEG, or unknown. As
// pix2pix/labels/label_colors.py, where the limits are explained.

import { formatFixed } from "../colorize/numbers.js";
import { VOID } from "./label_map.js";
import { countOnes, dilate, evenPlaces, fillFrom, open } from "./masks.js";
import { settleBlends } from "./settle_blends.js";
import { colorTable, MAX_COLOR_DISTANCE, ROUNDING } from "./color_table.js";

const MAX_STRAY_FRACTION = 0.47;
const EVEN_RANGE = 16;
const MAX_ODD_PART = 0.02;
const MAX_SOLID_PART = 0.12;
const MIN_REPORTED_SHARE = 0.002; // of the image
const MAX_COUNTED_PIXELS = 1 << 21;
const MIN_BACKGROUND_WIDTH = 5; // pixels
const WHITE_LEVEL = 235;

/** The image is no label map at all, such as a photograph. */
export class NotALabelMapError extends Error {}

export const percent = (part, digits = 0) => `${formatFixed(part * 100, digits)}%`;
const tuple = (color) => `(${color.join(", ")})`;
const distanceTo = (a, b) => Math.hypot(...a.map((value, i) => value - b[i]));

/**
 * The classes of a label image: { classes, palettes, isFacades, background }, from their names and the
 * palettes, [[r, g, b], ...] each, that its colours may come from. `background` is the index of the class
 * of this name; -1 where there is none.
 */
export function classColors(classes, palettes, isFacades = false) {
  const background = classes.map((name) => name.trim().toLowerCase()).indexOf("background");
  return { classes, palettes, isFacades, background };
}

/**
 * Class indices, a Uint8Array, if every pixel has a class colour or is black; else null. Pixels in `ground`
 * are ignored and become VOID. Also null if all is black.
 */
export function decodeExactly({ rgb }, colors, ground) {
  const table = new Map([[0, VOID]]);
  colors.forEach(([r, g, b], id) => table.set((r << 16) | (g << 8) | b, id));
  const ids = new Uint8Array(ground.length).fill(VOID);
  let isVoid = true;
  let last = -1;
  let id = VOID;
  for (let i = 0, from = 0; i < ids.length; i += 1, from += 3) {
    if (ground[i]) continue;
    const color = (rgb[from] << 16) | (rgb[from + 1] << 8) | rgb[from + 2];
    if (color !== last) {
      id = table.get(color);
      if (id === undefined) return null;
      last = color;
    }
    ids[i] = id;
    isVoid &&= id === VOID;
  }
  return isVoid ? null : ids;
}

/**
 * The class of the nearest colour for each pixel, and notes on how the image was read: { ids, notes }.
 *
 * Pixels in `ground` are ignored and become VOID, as do nearly black pixels unless black is a class. Throws
 * NotALabelMapError if too many pixels are far from every class colour, Error if an unknown colour covers
 * more than a small area.
 */
export function decodeColors(image, names, ground, isLossy) {
  for (const colors of names.palettes) {
    const exact = decodeExactly(image, colors, ground);
    if (exact) return { ids: exact, notes: [] };
  }
  const { width, height, rgb } = image;
  const cells = colorCells(rgb);
  const fit = bestFit(cells, names, ground);
  const ids = new Uint8Array(cells.length);
  const marks = { even: evenPlaces(rgb, width, height, EVEN_RANGE) };
  for (const name of ["blend", "odd", "shade"]) marks[name] = new Uint8Array(cells.length);
  for (let i = 0; i < cells.length; i += 1) {
    const cell = cells[i];
    ids[i] = ground[i] ? VOID : fit.nearest[cell];
    if (ground[i]) continue;
    marks.blend[i] = fit.isBlend[cell];
    marks.odd[i] = fit.isOdd[cell];
    marks.shade[i] = fit.isShade[cell];
  }
  const notes = judgeOddColors(image, marks, cells.length - countOnes(ground), names, fit.colors, isLossy);
  return { ids: settleBlends(ids, marks.blend, width, height), notes };
}

/** The index of each pixel's cell in the colour cube with steps of 4. */
function colorCells(rgb) {
  const cells = new Uint32Array(rgb.length / 3);
  for (let i = 0, from = 0; i < cells.length; i += 1, from += 3) {
    cells[i] = ((rgb[from] >> 2) << 12) | ((rgb[from + 1] >> 2) << 6) | (rgb[from + 2] >> 2);
  }
  return cells;
}

/** The tables of the palette that fits the image best, with its `colors`. */
function bestFit(cells, names, ground) {
  const counts = new Uint32Array(64 ** 3);
  for (let i = 0; i < cells.length; i += 1) if (!ground[i]) counts[cells[i]] += 1;
  let best = null;
  for (const colors of names.palettes) {
    const table = colorTable(colors);
    let [total, stray, distance] = [0, 0, 0];
    for (let cell = 0; cell < counts.length; cell += 1) {
      if (!counts[cell] || table.nearest[cell] === VOID) continue;
      total += counts[cell];
      distance += counts[cell] * table.distance[cell];
      if (table.isBlend[cell]) stray += counts[cell];
    }
    if (!total) throw new NotALabelMapError("is not a label map: it is black");
    const fit = { ...table, colors, mean: distance / total, stray: stray / total };
    if (!best || fit.mean < best.mean) best = fit;
  }
  if (best.stray > MAX_STRAY_FRACTION) {
    throw new NotALabelMapError(
      `is not a label map: ${percent(best.stray)} of its pixels are far from every class colour`,
    );
  }
  return best;
}

const both = (a, b) => a.map((value, i) => value & b[i]);

/** Notes on colours of no class. Throws if they cover too much of the image. */
function judgeOddColors(image, marks, pixels, names, colors, isLossy) {
  const { width, height, rgb } = image;
  const areas = both(marks.odd, marks.even);
  const solid = open(marks.blend, width, height, 5);
  for (const [where, mostAllowed] of [[areas, MAX_ODD_PART], [solid, MAX_SOLID_PART]]) {
    if (countOnes(where) / pixels <= mostAllowed) continue;
    const rim = dilate(where, width, height, 3);
    const covered = countOnes(both(rim, marks.odd)) / pixels;
    throw new Error(describeOdd(covered, mostCommon(rgb, where).color, names, colors));
  }
  if (!isLossy && marks.odd.includes(1)) { // lines and other thin shapes of one colour
    const { color, count } = mostCommon(rgb, marks.odd);
    if (count / pixels > MAX_ODD_PART && !isBetween(color, colors)) {
      throw new Error(describeOdd(count / pixels, color, names, colors));
    }
  }
  const notes = [];
  const part = countOnes(areas) / pixels;
  if (part >= MIN_REPORTED_SHARE) {
    notes.push(`${percent(part, 1)} of the pixels have colours of no class, most often `
      + `${tuple(mostCommon(rgb, areas).color)}; the nearest class was used`);
  }
  const shades = both(marks.shade, marks.even);
  const shadePart = countOnes(shades) / pixels;
  if (!isLossy && shadePart > MAX_ODD_PART) {
    const { color } = mostCommon(rgb, shades);
    notes.push(`${percent(shadePart)} of the pixels have colours close to a class but not equal, most `
      + `often ${tuple(color)}, read as ${nearestClass(color, names, colors)}`);
  }
  return notes;
}

/** The most common colour of these pixels, the lowest of equals, and its approximate count. */
function mostCommon(rgb, where) {
  const step = Math.ceil(countOnes(where) / MAX_COUNTED_PIXELS);
  const counts = new Map();
  for (let i = 0, seen = 0; i < where.length; i += 1) {
    if (!where[i]) continue;
    if (seen % step === 0) {
      const color = (rgb[3 * i] << 16) | (rgb[3 * i + 1] << 8) | rgb[3 * i + 2];
      counts.set(color, (counts.get(color) ?? 0) + 1);
    }
    seen += 1;
  }
  let [most, count] = [0, 0];
  for (const [color, number] of counts) {
    if (number > count || (number === count && color < most)) [most, count] = [color, number];
  }
  return { color: [most >> 16, (most >> 8) & 255, most & 255], count: count * step };
}

function nearestClass(color, names, colors) {
  const distances = colors.map((own) => distanceTo(own, color));
  const nearest = distances.indexOf(Math.min(...distances));
  return `${names.classes[nearest]} ${tuple(colors[nearest])}`;
}

function describeOdd(part, color, names, colors) {
  return `${percent(part)} of the pixels have colours of no class, most often ${tuple(color)}; the nearest class `
    + `is ${nearestClass(color, names, colors)}. Paint these pixels in a class colour, or make them transparent`;
}

/** Whether a colour is a mixture of two class colours, as downscaling creates at borders. */
function isBetween(color, colors) {
  return colors.some((a) => colors.some((b) => {
    const step = b.map((value, i) => value - a[i]);
    const length = Math.max(step.reduce((sum, value) => sum + value * value, 0), 1);
    const along = step.reduce((sum, value, i) => sum + (color[i] - a[i]) * value, 0) / length;
    const nearest = a.map((value, i) => value + Math.min(Math.max(along, 0), 1) * step[i]);
    return distanceTo(nearest, color) <= ROUNDING;
  }));
}

/**
 * The white area connected to the image border, a mask; null if it is small or a class. It may connect
 * through `clear` pixels, and is at least MIN_BACKGROUND_WIDTH wide, so that lines do not count.
 */
export function findWhiteBackground({ width, height, rgb }, clear, names) {
  const white = [255, 255, 255];
  if (names.palettes.flat().some((color) => distanceTo(color, white) <= MAX_COLOR_DISTANCE)) return null;
  const around = MIN_BACKGROUND_WIDTH;
  const [outerWidth, outerHeight] = [width + 2 * around, height + 2 * around];
  const outer = new Uint8Array(outerWidth * outerHeight).fill(1);
  for (let y = 0, i = 0; y < height; y += 1) {
    for (let x = 0, to = (y + around) * outerWidth + around; x < width; x += 1, i += 1, to += 1) {
      const least = Math.min(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]);
      outer[to] = least >= WHITE_LEVEL || clear[i] ? 1 : 0;
    }
  }
  const opened = open(outer, outerWidth, outerHeight, around);
  fillFrom(opened, outerWidth, 0, 2);
  const ground = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y += 1) {
    for (let x = 0, from = (y + around) * outerWidth + around; x < width; x += 1, i += 1, from += 1) {
      ground[i] = opened[from] === 2 && !clear[i] ? 1 : 0;
    }
  }
  return countOnes(ground) / ground.length > MAX_ODD_PART ? ground : null;
}
