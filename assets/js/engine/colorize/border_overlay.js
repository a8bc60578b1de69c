// Keeps the pixels of a photo's border, and pastes them around the processed photo. As
// pix2pix/images/border_overlay.py.

import { cornerPoints, innerBox } from "./border.js";
import { roundHalfEven } from "./numbers.js";
import { cropPixels } from "./planes.js";

/** The grey that Pillow's `convert("L")` makes of a colour. */
const greyOf = (red, green, blue) => (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;

/** The pixels outside a photo's inner box, in `strips`; `inverted` makes them a grey negative. */
export function keepBorder(sheet, border, inverted) {
  const { width, height } = sheet;
  const points = cornerPoints(border, width, height);
  const [left, top, right, bottom] = innerBox(border, width, height);
  const boxes = [[0, 0, width, top], [0, bottom, width, height], [0, top, left, bottom], [right, top, width, bottom]];
  const strips = boxes.filter(([x0, y0, x1, y1]) => x0 < x1 && y0 < y1).map((box) => {
    const strip = cropPixels(sheet, box);
    if (inverted) invertInto(strip.data);
    return { box, strip, spans: photoSpans(points, box) };
  });
  return { strips };
}

function invertInto(data) {
  for (let i = 0; i < data.length; i += 4) {
    data.fill(255 - greyOf(data[i], data[i + 1], data[i + 2]), i, i + 3);
  }
}

/** The columns [first, last] of each row of a box that belong to the photo with these corners. */
function photoSpans(points, [left, top, right, bottom]) {
  const ends = [[0, 0], [1, 0], [1, 1], [0, 1]]; // Pillow fills the end points of lines as well
  const corners = points.map(([x, y], i) => (
    [roundHalfEven(x - left) - ends[i][0], roundHalfEven(y - top) - ends[i][1]]
  ));
  const edges = corners.map((corner, i) => [corner, corners[(i + 1) % 4]]);
  return Array.from({ length: bottom - top }, (_, y) => {
    const crossings = edges.flatMap(([[x0, y0], [x1, y1]]) => {
      if (y < Math.min(y0, y1) || y > Math.max(y0, y1)) return [];
      if (y0 === y1) return [x0, x1];
      return [Math.fround(Math.fround((y - y0) * Math.fround((x1 - x0) / (y1 - y0))) + x0)];
    });
    if (!crossings.length) return null;
    const first = roundAway(Math.min(...crossings));
    const last = roundInwards(Math.max(...crossings));
    return [Math.max(first, 0), Math.min(last, right - left - 1)];
  });
}

const roundAway = (value) => Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
const roundInwards = (value) => Math.sign(value) * Math.ceil(Math.abs(value) - 0.5);

/** Pastes the border onto the rows [top, bottom) of a sheet `width` pixels wide, `out`, of RGBA bytes. */
export function pasteBorder({ strips }, out, width, top, bottom) {
  for (const { box, strip, spans } of strips) {
    for (let y = Math.max(top, box[1]); y < Math.min(bottom, box[3]); y += 1) {
      const row = y - box[1];
      const [first, last] = spans[row] ?? [strip.width, -1];
      const copy = (from, to) => {
        if (from >= to) return;
        const source = strip.data.subarray((row * strip.width + from) * 4, (row * strip.width + to) * 4);
        out.set(source, ((y - top) * width + box[0] + from) * 4);
      };
      copy(0, Math.min(first, strip.width));
      copy(Math.max(last + 1, 0, Math.min(first, strip.width)), strip.width);
    }
  }
}
