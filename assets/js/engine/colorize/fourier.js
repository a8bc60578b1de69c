// The discrete Fourier transform of lengths of any size.

/** Transforms complex numbers in place; their count is a power of two. */
function transformPower2(re, im) {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i += 1) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) [re[i], re[j], im[i], im[j]] = [re[j], re[i], im[j], im[i]];
  }
  for (let half = 1; half < n; half *= 2) {
    for (let k = 0; k < half; k += 1) {
      const [cos, sin] = [Math.cos((Math.PI * k) / half), -Math.sin((Math.PI * k) / half)];
      for (let i = k; i < n; i += 2 * half) {
        const j = i + half;
        const [r, m] = [re[j] * cos - im[j] * sin, re[j] * sin + im[j] * cos];
        re[j] = re[i] - r;
        im[j] = im[i] - m;
        re[i] += r;
        im[i] += m;
      }
    }
  }
}

/** Of any count, by Bluestein's algorithm. */
function transformAny(re, im) {
  const n = re.length;
  const size = 2 ** Math.ceil(Math.log2(2 * n));
  const [ar, ai, br, bi] = Array.from({ length: 4 }, () => new Float64Array(size));
  const chirp = Array.from({ length: n }, (_, i) => (Math.PI * ((i * i) % (2 * n))) / n);
  for (let i = 0; i < n; i += 1) {
    const [cos, sin] = [Math.cos(chirp[i]), Math.sin(chirp[i])];
    ar[i] = re[i] * cos + im[i] * sin;
    ai[i] = im[i] * cos - re[i] * sin;
    br[i] = cos;
    bi[i] = sin;
    if (i) [br[size - i], bi[size - i]] = [cos, sin];
  }
  transformPower2(ar, ai);
  transformPower2(br, bi);
  for (let i = 0; i < size; i += 1) { // conjugated, so that the next transform is the inverse one
    const [r, m] = [ar[i] * br[i] - ai[i] * bi[i], ar[i] * bi[i] + ai[i] * br[i]];
    ar[i] = r;
    ai[i] = -m;
  }
  transformPower2(ar, ai);
  for (let i = 0; i < n; i += 1) {
    const [r, m] = [ar[i] / size, -ai[i] / size];
    const [cos, sin] = [Math.cos(chirp[i]), Math.sin(chirp[i])];
    re[i] = r * cos + m * sin;
    im[i] = m * cos - r * sin;
  }
}

/** Transforms complex numbers in place. */
export function transform(re, im) {
  if (Number.isInteger(Math.log2(re.length))) transformPower2(re, im);
  else transformAny(re, im);
}

/** The power |F|^2 of each wave of a real square of `side`: (side, side / 2 + 1) of its spectrum. */
export function powerSpectrum(values, side) {
  const half = side / 2 + 1;
  const [re, im] = [new Float64Array(side * half), new Float64Array(side * half)];
  for (let y = 0; y < side; y += 1) {
    const [r, m] = [Float64Array.from(values.subarray(y * side, (y + 1) * side)), new Float64Array(side)];
    transform(r, m);
    re.set(r.subarray(0, half), y * half);
    im.set(m.subarray(0, half), y * half);
  }
  const power = new Float64Array(side * half);
  const [r, m] = [new Float64Array(side), new Float64Array(side)];
  for (let x = 0; x < half; x += 1) {
    for (let y = 0; y < side; y += 1) [r[y], m[y]] = [re[y * half + x], im[y * half + x]];
    transform(r, m);
    for (let y = 0; y < side; y += 1) power[y * half + x] = r[y] ** 2 + m[y] ** 2;
  }
  return power;
}
