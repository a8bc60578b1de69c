// Outlines of the shapes in a picture, and curves through fewer points, as OpenCV finds them. Points of a
// closed curve are an Int32Array [x, y, x, y, ...]. No DOM.

// Neighbours of a pixel, clockwise from the one at the right: [dx, dy]
const AROUND = [[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]];
const [RIGHT, LEFT] = [0, 4];

/**
 * The borders of the shapes in a plane of 0 and 1, those of holes included, in the order of
 * `cv2.findContours(RETR_LIST, CHAIN_APPROX_NONE)`. Border following of Suzuki and Abe (CVGIP 30, 1985).
 */
export function findContours({ width, height, data }) {
  const columns = width + 2; // a frame of 0 around it
  const marks = new Int8Array(columns * (height + 2));
  for (let y = 0; y < height; y += 1) {
    marks.set(data.subarray(y * width, (y + 1) * width), (y + 1) * columns + 1);
  }
  const found = [];
  for (let y = 1; y <= height; y += 1) {
    for (let x = 1, at = y * columns + 1; x <= width; x += 1, at += 1) {
      if (marks[at] === 1 && marks[at - 1] === 0) found.push(followBorder(marks, columns, at, LEFT));
      else if (marks[at] >= 1 && marks[at + 1] === 0) found.push(followBorder(marks, columns, at, RIGHT));
    }
  }
  return found.reverse();
}

const [SEEN, SEEN_WITH_RIGHT_SIDE] = [2, -2]; // marks: of borders, and where the pixel at the right is 0

/** Follows the border at a pixel with background in the direction `outside`, and marks it. */
function followBorder(marks, columns, start, outside) {
  const steps = AROUND.map(([dx, dy]) => dy * columns + dx);
  const points = [];
  const add = (at) => points.push((at % columns) - 1, Math.floor(at / columns) - 1);
  let first = outside;
  do first = (first + 1) % 8; while (marks[start + steps[first]] === 0 && first !== outside);
  if (first === outside) { // a single pixel
    marks[start] = SEEN_WITH_RIGHT_SIDE;
    add(start);
    return Int32Array.from(points);
  }
  const last = start + steps[first]; // the border ends where it goes from there to `start`
  let [at, back] = [start, first];
  for (;;) {
    let direction = back;
    let isRightSeen = false;
    do {
      direction = (direction + 7) % 8;
      isRightSeen ||= direction === RIGHT && marks[at + steps[RIGHT]] === 0;
    } while (marks[at + steps[direction]] === 0);
    if (isRightSeen) marks[at] = SEEN_WITH_RIGHT_SIDE;
    else if (marks[at] === 1) marks[at] = SEEN;
    add(at);
    const next = at + steps[direction];
    if (next === start && at === last) return Int32Array.from(points);
    [at, back] = [next, (direction + 4) % 8];
  }
}

/**
 * A closed curve through fewer points, none of the curve further than about `tolerance` from it, as
 * `cv2.approxPolyDP` chooses them (Douglas and Peucker, 1973).
 */
export function simplifyClosed(points, tolerance) {
  const { from, to, square } = distantPair(points);
  const limit = tolerance * tolerance;
  if (square <= limit) return points.slice(2 * from, 2 * from + 2);
  const kept = [];
  const parts = [[to, from], [from, to]]; // the one to be split next is the last
  while (parts.length) {
    const [start, end] = parts.pop();
    const { at, isNear } = farthestFromLine(points, start, end, limit);
    if (isNear) kept.push(points[2 * start], points[2 * start + 1]);
    else parts.push([at, end], [start, at]);
  }
  return dropFlatCorners(Int32Array.from(kept), limit);
}

/** Two places on the curve that are far apart, found in three steps from its start, and their squared distance. */
function distantPair(points) {
  const count = points.length / 2;
  let [from, to, square] = [0, 0, 0];
  for (let step = 0; step < 3; step += 1) {
    [from, square] = [to, 0];
    for (let i = 1; i < count; i += 1) {
      const at = (from + i) % count;
      const distance = (points[2 * at] - points[2 * from]) ** 2 + (points[2 * at + 1] - points[2 * from + 1]) ** 2;
      if (distance > square) [to, square] = [at, distance];
    }
  }
  return { from, to, square };
}

/** The place between two of the curve that is farthest from the line between them, and whether that is near. */
function farthestFromLine(points, start, end, limit) {
  const count = points.length / 2;
  const [x, y] = [points[2 * start], points[2 * start + 1]];
  const [dx, dy] = [points[2 * end] - x, points[2 * end + 1] - y];
  const square = dx * dx + dy * dy;
  let [at, most] = [start, 0];
  for (let i = (start + 1) % count; i !== end; i = (i + 1) % count) {
    const [px, py] = [points[2 * i] - x, points[2 * i + 1] - y];
    const along = px * dx + py * dy;
    let distance = (py * dx - px * dy) ** 2 / square;
    if (along < 0 || !square) distance = px * px + py * py;
    else if (along > square) distance = (px - dx) ** 2 + (py - dy) ** 2;
    if (distance > most) [at, most] = [i, distance];
  }
  return { at, isNear: most <= limit };
}

/** Leaves out points at which the curve hardly turns; of two such neighbours the second stays. */
function dropFlatCorners(points, limit) {
  const count = points.length / 2;
  const result = points.slice();
  const pointAt = (i) => result.slice(2 * (i % count), 2 * (i % count) + 2); // the first may have gone by the end
  let [before, own, left, to] = [pointAt(count - 1), pointAt(0), count, 0];
  const put = (point) => {
    result.set(point, 2 * to);
    to += 1;
  };
  for (let i = 0, next = 1; i < count && left > 2; i += 1, next += 1) {
    const after = pointAt(next);
    if (isFlat(before, own, after, limit)) {
      left -= 1;
      before = after;
      put(after);
      next += 1;
      own = pointAt(next);
      i += 1;
    } else {
      before = own;
      put(own);
      own = after;
    }
  }
  return result.slice(0, 2 * left);
}

function isFlat([x0, y0], [x, y], [x1, y1], limit) {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const across = Math.abs((x - x0) * dy - (y - y0) * dx);
  const isOnward = (x - x0) * (x1 - x) + (y - y0) * (y1 - y) >= 0;
  return across * across <= 0.5 * limit * (dx * dx + dy * dy) && dx !== 0 && dy !== 0 && isOnward;
}
