// Style codes from seeds: the numbers of torch.randn on a CPU, and the style encoder's `sample`.

const STATE = 624; // words of the Mersenne Twister
const SHIFT = 397;
const FEW = 16; // below this length torch.randn draws the numbers one by one, in double precision
const JITTER = 1e-4; // added to the covariance's diagonal
const MAX_STYLE_VALUE = 64;

/** MT19937 (Matsumoto and Nishimura, 1998): a function that gives the next 32 bits. */
function mersenneTwister(seed) {
  const state = new Uint32Array(STATE);
  state[0] = seed;
  for (let i = 1; i < STATE; i += 1) {
    state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
  }
  let at = STATE;
  return () => {
    if (at === STATE) {
      twist(state);
      at = 0;
    }
    let word = state[at];
    at += 1;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  };
}

function twist(state) {
  for (let i = 0; i < STATE; i += 1) {
    const next = state[(i + 1) % STATE];
    const mixed = (state[i] & 0x80000000) | (next & 0x7fffffff);
    state[i] = state[(i + SHIFT) % STATE] ^ (mixed >>> 1) ^ (next & 1 ? 0x9908b0df : 0);
  }
}

/**
 * Standard normal noise, a Float32Array: `torch.randn(1, length)` of a generator with this seed, within
 * 1e-6. `seed` is a whole number from 0 to 2 ** 53 - 1; torch's generator takes its low 32 bits.
 */
export function styleNoise(length, seed) {
  const next = mersenneTwister(seed % 2 ** 32);
  return length < FEW ? drawFew(length, next) : drawMany(length, next);
}

function drawFew(length, next) {
  const uniform = () => {
    const high = next() & 0x1fffff; // 53 of 64 bits
    return (high * 2 ** 32 + next()) / 2 ** 53;
  };
  const noise = new Float32Array(length);
  for (let i = 0; i < length; i += 2) {
    const angle = 2 * Math.PI * uniform();
    const radius = Math.sqrt(-2 * Math.log1p(-uniform()));
    noise[i] = radius * Math.cos(angle);
    if (i + 1 < length) noise[i + 1] = radius * Math.sin(angle);
  }
  return noise;
}

/** Box-Muller in blocks of 16; the last block overlaps the one before it, with numbers of its own. */
function drawMany(length, next) {
  const noise = new Float32Array(length);
  const uniform = () => (next() & 0xffffff) / 2 ** 24;
  for (let i = 0; i < length; i += 1) noise[i] = uniform();
  for (let start = 0; start + FEW <= length; start += FEW) transformBlock(noise, start);
  if (length % FEW) {
    for (let i = length - FEW; i < length; i += 1) noise[i] = uniform();
    transformBlock(noise, length - FEW);
  }
  return noise;
}

function transformBlock(noise, start) {
  for (let i = start; i < start + FEW / 2; i += 1) {
    const radius = Math.sqrt(-2 * Math.log(1 - noise[i]));
    const angle = 2 * Math.PI * noise[i + FEW / 2];
    noise[i] = radius * Math.cos(angle);
    noise[i + FEW / 2] = radius * Math.sin(angle);
  }
}

/**
 * The style code, a Float32Array of `styleDim` numbers: `style` if given, else sampled from the seed with
 * the style encoder's `mean` (styleDim) and `covariance` (styleDim * styleDim, row by row). Null for a
 * checkpoint without styles. Throws for a style of the wrong length or range.
 */
export function styleCode(seed, style, { mean, covariance, styleDim }) {
  if (style) {
    checkStyle(style, styleDim);
    return Float32Array.from(style);
  }
  if (!styleDim || !mean) return null;
  const noise = styleNoise(styleDim, seed);
  const scale = cholesky(covariance, styleDim);
  return Float32Array.from(mean, (value, row) => {
    let sum = 0;
    for (let i = 0; i <= row; i += 1) sum += scale[row * styleDim + i] * noise[i];
    return value + sum;
  });
}

function checkStyle(style, styleDim) {
  const given = `got [${[...style].join(", ")}]`;
  if (!styleDim) throw new Error(`style must be left out, this checkpoint has no styles, ${given}`);
  if (style.length !== styleDim) throw new Error(`style must be ${styleDim} numbers, ${given}`);
  const isInRange = (value) => typeof value === "number" && Math.abs(value) <= MAX_STYLE_VALUE;
  if (![...style].every(isInRange)) {
    throw new Error(`style must be numbers from -${MAX_STYLE_VALUE} to ${MAX_STYLE_VALUE}, ${given}`);
  }
}

/** The lower triangular factor of a covariance with JITTER on its diagonal. */
function cholesky(covariance, size) {
  const factor = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let rest = Math.fround(covariance[row * size + column] + (row === column ? JITTER : 0));
      for (let i = 0; i < column; i += 1) rest -= factor[row * size + i] * factor[column * size + i];
      if (row === column && !(rest > 0)) throw new Error("the covariance of the styles is not positive definite");
      factor[row * size + column] = row === column ? Math.sqrt(rest) : rest / factor[column * size + column];
    }
  }
  return factor;
}
