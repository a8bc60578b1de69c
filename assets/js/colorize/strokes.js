// Strokes of the repair brush: { points: [[x, y], ...], radius, keep } with x and y in 0..1 of the photo and
// the radius a fraction of its longer side. `keep` protects the photo there; otherwise it is repaired.
// Functions return new values and never change one in place. No DOM: runs under Node too.

const MAX_RADIUS = 0.25;
const [SMALLEST, GROWTH] = [0.002, 1.2]; // the radius of size 0, and its ratio to that of the next size
const DECIMALS = 5; // of a coordinate: 1 px in 100,000

export const [MAX_SIZE, START_SIZE] = [20, 8];

/** The brush radius of a size from 0 to MAX_SIZE. */
export function radiusOf(size) { return Number((SMALLEST * GROWTH ** size).toFixed(DECIMALS)); }

const clamp = (value) => Number(Math.min(Math.max(value, 0), 1).toFixed(DECIMALS));

/**
 * The points of a stroke and the next one, which is left out within 1 px of the last. `width` and `height`
 * are those of the picture in px. Every other point of a stroke with more than `max` is dropped.
 */
export function addPoint(points, [x, y], { width, height }, max) {
  const next = [clamp(x), clamp(y)];
  const last = points.at(-1);
  if (last && Math.hypot((next[0] - last[0]) * width, (next[1] - last[1]) * height) < 1) return points;
  const added = [...points, next];
  if (added.length <= max) return added;
  return added.filter((_, i) => i % 2 === 0 || i === added.length - 1);
}

/**
 * The strokes in a JSON value; throws an Error for any other value, more strokes than `maxStrokes` or more
 * points than `maxPoints` in one.
 */
export function readStrokes(value, maxStrokes, maxPoints) {
  if (!Array.isArray(value) || value.length > maxStrokes) {
    throw new Error(`expected a list of at most ${maxStrokes} strokes`);
  }
  return value.map((stroke) => readStroke(stroke, maxPoints));
}

function readStroke(stroke, maxPoints) {
  const { points, radius, keep } = stroke ?? {};
  const isList = Array.isArray(points) && points.length >= 1 && points.length <= maxPoints;
  if (!isList || !points.every(isPoint)) {
    throw new Error(`a stroke needs 1 to ${maxPoints} points [x, y] from 0 to 1`);
  }
  if (typeof radius !== "number" || !(radius > 0 && radius <= MAX_RADIUS)) {
    throw new Error(`the radius of a stroke must be above 0 and at most ${MAX_RADIUS}`);
  }
  if (typeof keep !== "boolean") throw new Error("keep of a stroke must be true or false");
  return { points: points.map(([x, y]) => [x, y]), radius, keep };
}

function isPoint(point) {
  return Array.isArray(point) && point.length === 2
    && point.every((value) => typeof value === "number" && value >= 0 && value <= 1);
}
