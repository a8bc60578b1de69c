// Turns photos upright. Browsers read the orientation of JPEG and PNG, but not that of WebP or XMP: so it is
// set to 1 in the file that they decode, and the pixels are turned here.

import { toBinaryText } from "./bytes.js";
import { orientationPlace } from "./exif.js";
import { crcOf } from "./png_encoder.js";

/**
 * How the pixels of a file are to be turned, 1 to 8 (Exif 2.3, 4.6.4). Sets that to 1 in `bytes`, of which
 * `parts` was read; 1 where that cannot be done, and the browser turns them.
 */
export function takeOrientation(bytes, parts, format) {
  const place = parts.exif && orientationPlace(parts.exif);
  if (!place) return xmpOrientation(parts);
  const { view, at, isLittle } = place;
  if (view.buffer !== bytes.buffer) return 1; // put together from several segments
  const value = view.getUint16(at, isLittle);
  if (!(value > 1 && value <= 8)) return 1;
  view.setUint16(at, 1, isLittle);
  if (format === "PNG") writeCrc(bytes, parts.exif);
  return value;
}

function xmpOrientation({ xmp }) {
  return Number(/tiff:Orientation(?:="|>)([1-8])/.exec(xmp ? toBinaryText(xmp) : "")?.[1] ?? 1);
}

function writeCrc(bytes, { byteOffset, length }) {
  const start = byteOffset - bytes.byteOffset;
  const crc = crcOf([bytes.subarray(start - 4, start + length)]);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(start + length, crc);
}

/**
 * Where the pixels of a picture of `width` x `height` come to lie: its [width, height] when turned, and that
 * of the pixel (x, y) as `start + x * across + y * down`.
 */
export function turning(orientation, width, height) {
  const isSideways = orientation > 4;
  const [w, h] = isSideways ? [height, width] : [width, height];
  const [right, bottom] = [w - 1, (h - 1) * w];
  const [start, across, down] = {
    1: [0, 1, w],
    2: [right, -1, w],
    3: [bottom + right, -1, -w],
    4: [bottom, 1, -w],
    5: [0, w, 1],
    6: [right, w, -1],
    7: [bottom + right, -w, -1],
    8: [bottom, -w, 1],
  }[orientation];
  return { size: [w, h], start, across, down };
}

/** Copies rows of RGBA bytes, the first of them row `top`, to their places in `out`, see `turning`. */
export function placeRows(out, rows, width, top, { start, across, down }) {
  const to = new Uint32Array(out.buffer);
  const from = new Uint32Array(rows.buffer);
  for (let i = 0, y = top; i < from.length; y += 1) {
    for (let place = start + y * down, end = i + width; i < end; i += 1, place += across) to[place] = from[i];
  }
}
