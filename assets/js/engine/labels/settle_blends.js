// Gives blended pixels the class of the nearest pixel that is none: cv2's distanceTransformWithLabels
// (Borgefors, 1986), which propagates classes instead of labels here.

const STRIP_PIXELS = 1 << 21;
const REACH = 64; // rows beyond a strip that are searched
const [STRAIGHT, DIAGONAL, LONG] = [1, 1.4, 2.1969].map((length) => Math.round(length * 65536));
const FAR = 0x7fffffff >> 2;

// Pixels before a pixel in reading order: columns, rows and the distance; those after it are opposite
const BEFORE = [
  [-1, -2, LONG], [1, -2, LONG], [-2, -1, LONG], [-1, -1, DIAGONAL], [0, -1, STRAIGHT], [1, -1, DIAGONAL],
  [2, -1, LONG], [-1, 0, STRAIGHT],
];

/** The class indices, with those of blended pixels replaced. */
export function settleBlends(ids, isBlend, width, height) {
  const rows = Math.max(1, Math.floor(STRIP_PIXELS / width));
  const settled = new Uint8Array(ids.length);
  for (let start = 0; start < height; start += rows) {
    const top = Math.max(0, start - REACH);
    const end = Math.min(start + rows, height);
    const [from, to] = [top * width, Math.min(start + rows + REACH, height) * width];
    const part = settleStrip(ids.subarray(from, to), isBlend.subarray(from, to), width);
    settled.set(part.subarray((start - top) * width, (end - top) * width), start * width);
  }
  return settled;
}

function settleStrip(ids, isBlend, width) {
  if (!isBlend.includes(1) || !isBlend.includes(0)) return ids;
  const height = ids.length / width;
  const across = width + 4; // with two columns and rows around
  const distance = new Int32Array(across * (height + 4)).fill(FAR);
  const classes = new Uint8Array(distance.length);
  const before = BEFORE.map(([x, y, length]) => [y * across + x, length]);
  const places = (i) => (Math.floor(i / width) + 2) * across + (i % width) + 2;
  for (let i = 0; i < ids.length; i += 1) {
    const at = places(i);
    if (isBlend[i]) relax(distance, classes, at, before, 1);
    else [distance[at], classes[at]] = [0, ids[i]];
  }
  const result = new Uint8Array(ids.length);
  for (let i = ids.length - 1; i >= 0; i -= 1) {
    const at = places(i);
    if (distance[at] > STRAIGHT) relax(distance, classes, at, before, -1);
    result[i] = classes[at];
  }
  return result;
}

function relax(distance, classes, at, neighbours, sign) {
  for (let n = 0; n < neighbours.length; n += 1) {
    const place = at + sign * neighbours[n][0];
    const length = distance[place] + neighbours[n][1];
    if (length < distance[at]) {
      distance[at] = length;
      classes[at] = classes[place];
    }
  }
}
