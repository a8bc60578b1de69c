// Reads label images of any form as `CanvasSpec.decode` does: pix2pix/labels/label_images.py.

import { sheetShape } from "../../canvas/sheet_shape.js";
import { detectFormat } from "../colorize/file_parts.js";
import { FACADE_COLORS, FACADE_NAMES, PIX2PIX_COLORS } from "./classes.js";
import {
  classColors, decodeColors, decodeExactly, findWhiteBackground, NotALabelMapError, percent,
} from "./label_colors.js";
import { colorsOnWhite, cropColumns, grayValues, imageFromPng, imageFromRgba } from "./label_image.js";
import { fitLabelMap, VOID } from "./label_map.js";
import { decodeLines } from "./line_art.js";
import { countOnes } from "./masks.js";
import { isPng } from "./png_reader.js";
import { MIN_SEAM, seamStrength } from "./seam.js";

const MIN_ALPHA = 128; // pixels with a lower alpha are transparent
const MIN_HALF = 16; // pixels
const LOSSY_FORMATS = ["JPEG", "WEBP", "AVIF", "HEIC"];
const FACADES = classColors(FACADE_NAMES, [FACADE_COLORS, PIX2PIX_COLORS], true);

/**
 * The drawing in an image: { ids, width, height, notices }, with sentences on how it was read.
 *
 * `bytes` is the file, `rgba` its pixels (width * height * 4) as the browser decodes them, upright and not
 * premultiplied; those of a PNG are read from the file instead. `isLossy` defaults to what the format says.
 * `canvas` is { kind: "facades" | "labels" | "lines", width, height, classes: [{ name, rgb }] }. Throws an
 * Error "NAME: reason" for any other picture, with `notALabelMap` true unless the file is damaged.
 */
export function readLabelImage({ bytes, name, rgba, width, height, isLossy = hasLosses(bytes) }, canvas) {
  let image;
  try {
    image = isPng(bytes) ? imageFromPng(bytes) : imageFromRgba({ data: rgba, width, height });
  } catch (error) {
    throw new Error(`${name}: ${error.message}`);
  }
  try {
    const { map, notes } = decode(image, canvas, isLossy);
    const notices = notes.map((note) => `${note[0].toUpperCase()}${note.slice(1)}.`);
    const shape = sheetShape(canvas, map);
    return { ...fitLabelMap(map, shape.width, shape.height), notices };
  } catch (error) {
    throw Object.assign(new Error(`${name}: ${error.message}`), { notALabelMap: true });
  }
}

const hasLosses = (bytes) => LOSSY_FORMATS.includes(detectFormat(bytes));

function decode(image, canvas, isLossy) {
  if (canvas.kind === "lines") return { map: decodeLines(image, canvas.width, canvas.height), notes: [] };
  const { classes } = canvas;
  const names = canvas.kind === "facades" ? FACADES
    : classColors(classes.map((each) => each.name), [classes.map(({ rgb }) => [...rgb])]);
  return readImage(image, names, isLossy);
}

/** The label map { width, height, ids } in an image, and notes: { map, notes }. */
export function readImage(image, names, isLossy) {
  try {
    return readWhole(image, names, isLossy);
  } catch (error) {
    const half = error instanceof NotALabelMapError && readHalf(image, names, isLossy);
    if (!half) throw error;
    return half;
  }
}

/** The label map of a pair of a photo and its map, side by side; null if it is no such pair. */
function readHalf(image, names, isLossy) {
  const middle = image.width >> 1;
  if (image.width % 2 || Math.min(middle, image.height) < MIN_HALF) return null;
  const step = seamStrength(colorsOnWhite(image), image.width, image.height);
  if (step === null || step < MIN_SEAM) return null;
  const found = [];
  for (const [side, left] of [["left", 0], ["right", middle]]) {
    try {
      const { map, notes } = readWhole(cropColumns(image, left, left + middle), names, isLossy);
      found.push({ map, notes: [`the ${side} half of this pair is read as the label map`, ...notes] });
    } catch (error) {
      if (!(error instanceof NotALabelMapError)) return null;
    }
  }
  return found.length === 1 ? found[0] : null;
}

function readWhole(image, names, isLossy) {
  const { width, height, indices } = image;
  if (indices?.some((index) => index >= image.colorCount)) {
    throw new Error("is damaged: it uses colour indices that its palette does not have");
  }
  const clear = findTransparent(image);
  const clearCount = countOnes(clear);
  if (clearCount === clear.length) throw new Error("is fully transparent, so nothing is drawn on it");
  const values = grayValues(image);
  const hasGround = names.background >= 0;
  const notes = [];
  let ids = values && readGrey(image, values, names, clear);
  if (!ids) ids = readColors(image, names, clear, isLossy, notes);
  else if (hasGround) clear.forEach((isClear, i) => { if (isClear) ids[i] = names.background; });
  if (clearCount) {
    const part = percent(clearCount / clear.length);
    notes.push(`the transparent area (${part}) is read as ${hasGround ? "background" : "no class"}`);
  }
  return { map: { width, height, ids }, notes };
}

function findTransparent({ width, height, alpha }) {
  return alpha ? alpha.map((value) => (value < MIN_ALPHA ? 1 : 0)) : new Uint8Array(width * height);
}

function readColors(image, names, clear, isLossy, notes) {
  const hasGround = names.background >= 0;
  const voids = findVoidIndex(image, names);
  const white = hasGround ? findWhiteBackground(image, clear, names) : null;
  let ground = clear;
  if (white && !white.every((isWhite, i) => isWhite || clear[i])) {
    ground = clear.map((isClear, i) => isClear | white[i]);
    notes.push(`the white area (${percent(countOnes(white) / white.length)}) is read as background`);
  }
  const leftOut = voids ? ground.map((isGround, i) => isGround | voids[i]) : ground;
  const { ids, notes: more } = decodeColors(image, names, leftOut, isLossy);
  notes.push(...more);
  for (let i = 0; i < ids.length; i += 1) if (ground[i]) ids[i] = hasGround ? names.background : VOID;
  return ids;
}

/** Class indices of a grey image; null if its values are none. */
function readGrey(image, values, names, clear) {
  const { low, high } = shownRange(values, clear);
  if (names.isFacades) return decodeIndices(values, clear, low, high);
  const [colors] = names.palettes;
  const exact = decodeExactly(image, colors, clear); // a class may have a grey colour
  if (exact) return exact;
  const decodeShown = (decodeValue) => Uint8Array.from(values, (value, i) => (clear[i] ? VOID : decodeValue(value)));
  if (high < colors.length) return decodeShown((value) => value);
  const isMask = (value, i) => clear[i] || value === 0 || value === high;
  if (colors.length === 2 && (high === 255 || high === 65535) && values.every(isMask)) {
    return decodeShown((value) => (value > 0 ? 1 : 0));
  }
  return null;
}

/** The least and the largest value of the pixels that are not transparent. */
function shownRange(values, clear) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i += 1) {
    if (clear[i]) continue;
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return { low, high };
}

/** Facade classes of greyscale indices 0-11 or ids 1-12; throws if ambiguous. */
function decodeIndices(values, clear, low, high) {
  const count = FACADE_NAMES.length;
  if (high > count) {
    throw new NotALabelMapError(
      `is greyscale with values ${low}..${high}; a label map has indices 0-11 or ids 1-12`,
    );
  }
  if (high === 0) throw new Error("is all black, so it may be a map of class 0 or of no class at all");
  if (low === 0 && high === count) {
    throw new Error("mixes index 0 with id 12, so it is neither indices 0-11 nor ids 1-12");
  }
  if (low > 0 && high < count) {
    throw new Error(
      "is greyscale with neither a 0 nor a 12, so indices 0-11 and ids 1-12 cannot be told apart; save it as a "
      + "palette or RGB image in the class colours",
    );
  }
  const first = low > 0 ? 1 : 0;
  return Uint8Array.from(values, (value, i) => (clear[i] ? VOID : value - first));
}

/** Pixels with palette index 255, a mask: no class, as in Pascal VOC. Null if there are none. */
function findVoidIndex({ indices, rgb }, names) {
  const first = indices ? indices.indexOf(VOID) : -1;
  if (first < 0) return null;
  const [r, g, b] = rgb.subarray(3 * first, 3 * first + 3);
  const isClass = names.palettes.some((colors) => (
    colors.some((color) => color[0] === r && color[1] === g && color[2] === b)
  ));
  return isClass ? null : indices.map((index) => (index === VOID ? 1 : 0));
}
