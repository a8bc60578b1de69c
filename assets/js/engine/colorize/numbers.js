// Rounding, order statistics and number formats as NumPy and Python have them.

/** Rounds to the nearest integer, ties to the even one: Python's `round`, `np.rint`. */
export function roundHalfEven(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** A number as Python's `f"{value:.{digits}f}"` writes it, for 0 or 1 digits. */
export function formatFixed(value, digits) {
  const scale = 10 ** digits;
  const isTie = Math.abs(value * scale) % 1 === 0.5 && (digits === 0 || (value * 8) % 1 === 0);
  return isTie ? (roundHalfEven(value * scale) / scale).toFixed(digits) : value.toFixed(digits);
}

/** The sorted copy of some numbers. */
const sorted = (values) => Float64Array.from(values).sort();

function interpolate(ordered, at) {
  const below = Math.floor(at);
  const low = ordered(below);
  return low === undefined ? NaN : low + ((ordered(Math.ceil(at)) - low) * (at - below));
}

export function median(values) {
  const ordered = sorted(values);
  return interpolate((i) => ordered[i], (ordered.length - 1) / 2);
}

/** `np.percentile` of an array, for percentages in 0..100. */
export function percentiles(values, percents) {
  const ordered = sorted(values);
  return percents.map((q) => interpolate((i) => ordered[i], ((ordered.length - 1) * q) / 100));
}

/** The same, of values that are given by how often each occurs. */
export function countedPercentiles(counts, percents) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return percents.map((q) => interpolate((i) => nthCounted(counts, i), ((total - 1) * q) / 100));
}

function nthCounted(counts, n) {
  let seen = 0;
  for (let value = 0; value < counts.length; value += 1) {
    seen += counts[value];
    if (seen > n) return value;
  }
  return undefined;
}

/** The slope and the offset of the line through points, by least squares. */
export function fitLine(xs, ys) {
  const count = xs.length;
  const meanX = xs.reduce((sum, x) => sum + x, 0) / count;
  const meanY = ys.reduce((sum, y) => sum + y, 0) / count;
  let [above, below] = [0, 0];
  for (let i = 0; i < count; i += 1) {
    above += (xs[i] - meanX) * (ys[i] - meanY);
    below += (xs[i] - meanX) ** 2;
  }
  const slope = below ? above / below : 0;
  return { slope, start: meanY - slope * meanX };
}
