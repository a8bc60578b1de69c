// Label maps as palette PNG files: `encode_label_image` of pix2pix/labels/label_map.py.

import { zlibSync } from "../../vendor/fflate.js";
import { bigEndian, concatBytes } from "../colorize/bytes.js";
import { chunk, PNG_SIGNATURE } from "../colorize/png_encoder.js";
import { VOID } from "./label_map.js";

const HAS_PALETTE = [8, 3, 0, 0, 0]; // 8 bits, palette, deflate, no filter of rows, not interlaced

/**
 * The bytes of a palette PNG of class indices (width * height): ids from 1 on in the colours of their
 * classes, [[r, g, b], ...], and VOID as id 0, black.
 */
export function encodeLabelImage(ids, width, height, colors) {
  const rows = new Uint8Array((width + 1) * height); // each begins with its filter, 0: none
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const id = ids[y * width + x];
      rows[y * (width + 1) + 1 + x] = id === VOID ? 0 : id + 1;
    }
  }
  const header = concatBytes([bigEndian(width, 4), bigEndian(height, 4), Uint8Array.from(HAS_PALETTE)]);
  const palette = Uint8Array.from([0, 0, 0, ...colors.flat()]);
  const parts = [["IHDR", header], ["PLTE", palette], ["IDAT", zlibSync(rows)], ["IEND", new Uint8Array()]];
  return concatBytes([PNG_SIGNATURE, ...parts.flatMap((part) => chunk(...part))]);
}
