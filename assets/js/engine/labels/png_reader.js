// Reads the samples of PNG files as they are stored. A browser's decoder gives colours alone: no palette
// indices, no 16 bits, and it may convert them.

import { unzlibSync } from "../../vendor/fflate.js";
import { concatBytes, startsWith, toBinaryText } from "../colorize/bytes.js";
import { PNG_SIGNATURE } from "../colorize/png_encoder.js";

export const [GREY, RGB, PALETTE, GREY_ALPHA, RGBA] = [0, 2, 3, 4, 6]; // colour types
const CHANNELS = { [GREY]: 1, [RGB]: 3, [PALETTE]: 1, [GREY_ALPHA]: 2, [RGBA]: 4 };
const DEPTHS = {
  [GREY]: [1, 2, 4, 8, 16], [RGB]: [8, 16], [PALETTE]: [1, 2, 4, 8], [GREY_ALPHA]: [8, 16], [RGBA]: [8, 16],
};
const MAX_PIXELS = 50_000_000;

// The passes of an interlaced file (Adam7): first column and row, steps to the next
const PASSES = [
  [0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2],
];

export const isPng = (bytes) => startsWith(bytes, toBinaryText(PNG_SIGNATURE));

/**
 * The contents of a PNG file: { width, height, type, depth, channels, samples, palette, transparency }.
 *
 * `samples` are unscaled, pixel by pixel, in a Uint8Array, or a Uint16Array for 16 bits. `palette` has three
 * bytes per entry, `transparency` is the content of tRNS; null where there is none. Throws for a damaged file.
 */
export function readPng(bytes) {
  const { image, packed } = readChunks(bytes);
  const isKnown = DEPTHS[image.type]?.includes(image.depth) && image.width * image.height > 0;
  if (!isKnown || (image.type === PALETTE && !image.palette)) throw new Error("is damaged or cut short");
  if (image.width * image.height > MAX_PIXELS) throw new Error("has too many pixels");
  image.channels = CHANNELS[image.type];
  image.samples = readSamples(concatBytes(packed), image);
  return image;
}

function readChunks(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const image = { palette: null, transparency: null };
  const packed = [];
  for (let at = PNG_SIGNATURE.length; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const kind = toBinaryText(bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR" && content.length >= 13) readHeader(view, at + 8, image);
    else if (kind === "PLTE") image.palette = content;
    else if (kind === "tRNS") image.transparency = content;
    else if (kind === "IDAT") packed.push(content);
    else if (kind === "IEND") break;
    at += 12 + length;
  }
  return { image, packed };
}

function readHeader(view, at, image) {
  const [width, height] = [view.getUint32(at), view.getUint32(at + 4)];
  const [depth, type, isInterlaced] = [8, 9, 12].map((i) => view.getUint8(at + i));
  Object.assign(image, { width, height, depth, type, isInterlaced: isInterlaced === 1 });
}

function readSamples(packed, image) {
  const { width, height, depth, channels } = image;
  const passes = (image.isInterlaced ? PASSES : [[0, 0, 1, 1]]).map(([left, top, across, down]) => ({
    left, top, across, down,
    columns: Math.max(0, Math.ceil((width - left) / across)),
    rows: Math.max(0, Math.ceil((height - top) / down)),
  })).filter(({ columns, rows }) => columns * rows);
  const lengthOf = ({ columns }) => Math.ceil((columns * channels * depth) / 8);
  const total = passes.reduce((sum, pass) => sum + pass.rows * (lengthOf(pass) + 1), 0);
  const data = inflate(packed, total);
  const samples = new (depth === 16 ? Uint16Array : Uint8Array)(width * height * channels);
  let at = 0;
  for (const pass of passes) {
    const length = lengthOf(pass);
    unfilter(data, at, pass.rows, length, Math.max(1, (channels * depth) >> 3));
    for (let y = 0; y < pass.rows; y += 1) {
      const row = data.subarray(at + y * (length + 1) + 1, at + (y + 1) * (length + 1));
      placeRow(row, image, pass, (pass.top + y * pass.down) * width, samples);
    }
    at += pass.rows * (length + 1);
  }
  return samples;
}

/** Inflated bytes; into a buffer of the expected size, so that no file can claim more memory. */
function inflate(packed, total) {
  let found;
  try {
    found = unzlibSync(packed, { out: new Uint8Array(total + 1) });
  } catch {
    throw new Error("is damaged or cut short");
  }
  if (found.length < total) throw new Error("is damaged or cut short");
  return found;
}

/** Reverses the filters of the rows (PNG 1.2, 6), each of which follows its filter's number. */
function unfilter(data, start, rows, length, step) {
  for (let y = 0; y < rows; y += 1) {
    const at = start + y * (length + 1) + 1;
    const filter = data[at - 1];
    if (filter > 4) throw new Error("is damaged or cut short");
    for (let i = filter ? 0 : length; i < length; i += 1) {
      const left = i < step ? 0 : data[at + i - step];
      const up = y ? data[at + i - length - 1] : 0;
      const corner = y && i >= step ? data[at + i - length - 1 - step] : 0;
      data[at + i] += predict(filter, left, up, corner);
    }
  }
}

/** The predicted byte; filter 4 is Paeth. */
function predict(filter, left, up, corner) {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  const a = Math.abs(up - corner);
  const b = Math.abs(left - corner);
  const c = Math.abs(left + up - 2 * corner);
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

function placeRow(row, { depth, channels }, { left, across, columns }, start, samples) {
  for (let x = 0, i = 0; x < columns; x += 1) {
    const to = (start + left + x * across) * channels;
    for (let c = 0; c < channels; c += 1, i += 1) samples[to + c] = sampleAt(row, i, depth);
  }
}

function sampleAt(row, i, depth) {
  if (depth === 8) return row[i];
  if (depth === 16) return (row[2 * i] << 8) | row[2 * i + 1];
  const bit = i * depth;
  return (row[bit >> 3] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}
