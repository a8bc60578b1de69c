// The canvas's pen for test_scribbles.py.

import { strokeSegment } from "../../assets/js/canvas/label_map.js";

/** The map (side x side) of class 1 along points [x, y, x, y, ...]. */
export function drawPen(points, diameter, side) {
  const map = new Uint8Array(side * side);
  for (let i = 0; i + 3 < points.length; i += 2) {
    const [from, to] = [i, i + 2].map((at) => ({ x: points[at], y: points[at + 1] }));
    strokeSegment(map, { width: side, height: side }, from, to, diameter, () => 1);
  }
  return map;
}
