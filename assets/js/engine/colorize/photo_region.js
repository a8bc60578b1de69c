// The region of a scan that is colourised, and the border to paste around it. As
// pix2pix/inference/photo_region.py. Boxes are [left, top, right, bottom] in pixels of the scan.

import { innerBox, outerBox } from "./border.js";
import { keepBorder } from "./border_overlay.js";

/**
 * { sheet, box, shown, frame }: the sheet's [width, height], the box that is colourised, that of the
 * result, and the kept border or null.
 */
export function regionOf(sheet, border, crop, inverted) {
  const { width, height } = sheet;
  const [size, whole] = [[width, height], [0, 0, width, height]];
  if (!border) return { sheet: size, box: whole, shown: whole, frame: null };
  if (crop) {
    const inner = innerBox(border, width, height);
    return { sheet: size, box: inner, shown: inner, frame: null };
  }
  return {
    sheet: size, box: outerBox(border, width, height), shown: whole, frame: keepBorder(sheet, border, inverted),
  };
}

/** The hints inside the box, converted from 0..1 of the scan to 0..1 of the box. */
export function innerHints({ sheet, box }, hints) {
  const [left, top, right, bottom] = box;
  if (!left && !top && right === sheet[0] && bottom === sheet[1]) return hints;
  return hints.map(({ x, y, rgb }) => (
    { x: (x * sheet[0] - left) / (right - left), y: (y * sheet[1] - top) / (bottom - top), rgb }
  )).filter(({ x, y }) => x >= 0 && x <= 1 && y >= 0 && y <= 1);
}
