// Grey PNG files of 16 bits by the range of a checkpoint's data: pix2pix/images/value_range.py. A browser's
// decoder would give the upper 8 bits. No DOM: runs under Node too.

import { newPixels } from "../colorize/planes.js";
import { GREY, isPng, readPng } from "../labels/png_reader.js";

/** The pixels of the file by the values [black, white]; null for any other file, or without a range. */
export function readDeepGrey(bytes, range) {
  if (!range?.length || !isPng(bytes)) return null;
  const [depth, type] = [bytes[24], bytes[25]]; // of IHDR, the first chunk
  if (depth !== 16 || type !== GREY) return null;
  const [low, high] = range;
  const scale = 255 / Math.max(high - low, 1e-30);
  const { width, height, samples } = readPng(bytes);
  const result = newPixels(width, height);
  for (let i = 0; i < samples.length; i += 1) {
    const value = Math.floor(Math.min(Math.max((samples[i] - low) * scale + 0.5, 0), 255));
    result.data.fill(value, 4 * i, 4 * i + 3);
    result.data[4 * i + 3] = 255;
  }
  return result;
}
