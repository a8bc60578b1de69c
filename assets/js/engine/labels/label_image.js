// A label image's colours, transparency, grey values and palette indices, as Pillow gives them to Python.

import { takeOrientation, turning } from "../colorize/orientation.js";
import { readParts } from "../colorize/file_parts.js";
import { GREY, GREY_ALPHA, PALETTE, readPng, RGB } from "./png_reader.js";

/**
 * An image as arrays, all of width * height pixels:
 *   rgb      three bytes a pixel; transparent ones keep their own colours
 *   alpha    a Uint8Array; null if all is opaque
 *   values   the values of a grey image; null if it is stored in colours or as a palette
 *   indices  of a palette image, else null
 *   top      the value of white among `values`: 255 or 65535
 * and `colorCount`, the length of its palette.
 */
const newImage = (width, height, rest) => (
  { width, height, alpha: null, values: null, indices: null, top: 255, colorCount: 0, ...rest }
);

/** From RGBA bytes, as a browser decodes them. */
export function imageFromRgba({ data, width, height }) {
  const count = width * height;
  const rgb = new Uint8Array(3 * count);
  const alpha = new Uint8Array(count);
  let isOpaque = true;
  for (let i = 0, from = 0; i < count; i += 1, from += 4) {
    rgb[3 * i] = data[from];
    rgb[3 * i + 1] = data[from + 1];
    rgb[3 * i + 2] = data[from + 2];
    alpha[i] = data[from + 3];
    isOpaque &&= alpha[i] === 255;
  }
  return newImage(width, height, { rgb, alpha: isOpaque ? null : alpha });
}

/** From a PNG file, upright by its Exif orientation. Throws for a damaged file. */
export function imageFromPng(bytes) {
  const png = readPng(bytes);
  const parsed = png.type === PALETTE ? fromPalette(png) : fromSamples(png);
  const copy = bytes.slice();
  const orientation = takeOrientation(copy, readParts(copy), "PNG");
  return orientation === 1 ? parsed : turn(parsed, orientation);
}

function fromPalette({ width, height, samples: indices, palette, transparency }) {
  const rgb = new Uint8Array(3 * indices.length);
  for (let i = 0; i < indices.length; i += 1) {
    for (let c = 0; c < 3; c += 1) rgb[3 * i + c] = palette[3 * indices[i] + c] ?? 0;
  }
  const alpha = transparency && Uint8Array.from(indices, (index) => transparency[index] ?? 255);
  return newImage(width, height, { rgb, alpha, indices, colorCount: Math.floor(palette.length / 3) });
}

/** Grey and colours, of 1 to 16 bits. */
function fromSamples(png) {
  const { width, height, type, depth, channels, samples } = png;
  const isGrey = type === GREY || type === GREY_ALPHA;
  const count = width * height;
  const rgb = new Uint8Array(3 * count);
  const to8 = eightBits(type, depth);
  for (let i = 0; i < count; i += 1) {
    for (let c = 0; c < 3; c += 1) rgb[3 * i + c] = to8(samples[i * channels + (isGrey ? 0 : c)]);
  }
  const values = type === GREY && depth > 1 ? greyValues(samples, depth) : null;
  return newImage(width, height, {
    rgb, values, alpha: alphaOf(png, rgb), top: values && depth === 16 ? 65535 : 255,
  });
}

/** Pillow scales grey of few bits, but leaves 16 bits. */
function greyValues(samples, depth) {
  if (depth >= 8) return samples;
  return samples.map((value) => value * (255 / (2 ** depth - 1)));
}

/** The 8-bit value of a sample: grey of 16 bits is rounded, colours keep their upper byte. */
function eightBits(type, depth) {
  if (depth < 16) return (value) => value * (255 / (2 ** depth - 1));
  return type === GREY ? (value) => Math.floor(value * (255 / 65535) + 0.5) : (value) => value >> 8;
}

function alphaOf({ type, depth, channels, samples, transparency }, rgb) {
  if (type === GREY || type === RGB) return transparency && keyedAlpha(type, depth, transparency, rgb);
  return Uint8Array.from({ length: samples.length / channels }, (_, i) => {
    const value = samples[(i + 1) * channels - 1];
    return depth === 16 ? value >> 8 : value;
  });
}

/** The alpha of a file in which one colour is transparent; with 16 bits none is. */
function keyedAlpha(type, depth, transparency, rgb) {
  if (depth === 16) return null;
  const number = (i) => (transparency[2 * i] << 8) | transparency[2 * i + 1];
  const first = depth === 1 ? 255 * Math.sign(number(0)) : number(0);
  const [r, g, b] = type === GREY ? [first, first, first] : [first, number(1), number(2)];
  return Uint8Array.from({ length: rgb.length / 3 }, (_, i) => (
    rgb[3 * i] === r && rgb[3 * i + 1] === g && rgb[3 * i + 2] === b ? 0 : 255
  ));
}

/** The image turned as an Exif orientation says. */
function turn(image, orientation) {
  const { size: [width, height], start, across, down } = turning(orientation, image.width, image.height);
  return mapPlanes(image, width, height, (plane, channels) => {
    const result = new plane.constructor(plane.length);
    for (let y = 0, from = 0; y < image.height; y += 1) {
      for (let x = 0; x < image.width; x += 1) {
        const to = (start + x * across + y * down) * channels;
        for (let c = 0; c < channels; c += 1, from += 1) result[to + c] = plane[from];
      }
    }
    return result;
  });
}

/** The columns from `left` to before `right`. */
export function cropColumns(image, left, right) {
  return mapPlanes(image, right - left, image.height, (plane, channels) => {
    const length = (right - left) * channels;
    const result = new plane.constructor(length * image.height);
    for (let y = 0; y < image.height; y += 1) {
      const start = (y * image.width + left) * channels;
      result.set(plane.subarray(start, start + length), y * length);
    }
    return result;
  });
}

function mapPlanes(image, width, height, map) {
  const planes = ["alpha", "values", "indices"].map((name) => [name, image[name] && map(image[name], 1)]);
  return { ...image, width, height, rgb: map(image.rgb, 3), ...Object.fromEntries(planes) };
}

/** The colours on white, three bytes a pixel, as Pillow's `alpha_composite` lays them. */
export function colorsOnWhite({ rgb, alpha }) {
  if (!alpha) return rgb;
  return rgb.map((value, i) => {
    const own = alpha[Math.floor(i / 3)] * 128;
    const mixed = value * own + 255 * (255 * 128 - own) + (128 << 7);
    return ((mixed >> 8) + mixed) >> 15;
  });
}

/** The values of a grey image, of any depth; null if it has colours. */
export function grayValues({ rgb, values }) {
  if (values) return values;
  const grey = new Uint8Array(rgb.length / 3);
  for (let i = 0, from = 0; i < grey.length; i += 1, from += 3) {
    if (rgb[from] !== rgb[from + 1] || rgb[from] !== rgb[from + 2]) return null;
    grey[i] = rgb[from];
  }
  return grey;
}
