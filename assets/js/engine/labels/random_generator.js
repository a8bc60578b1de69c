// The random numbers of NumPy's `default_rng(seed)`: PCG64 (O'Neill, 2014), seeded by a SeedSequence.

const MASK_64 = (1n << 64n) - 1n;
const MASK_128 = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const POOL_SIZE = 4;

/** The 32-bit words of a seed, at most POOL_SIZE. */
function wordsOf(seed) {
  const words = [];
  for (let rest = BigInt(seed); rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn));
  return words;
}

/** A hash of words, the constant of which changes with each word. */
function hasher(start, multiplier) {
  let constant = start;
  return (word) => {
    const mixed = word ^ constant;
    constant = Math.imul(constant, multiplier);
    const product = Math.imul(mixed, constant);
    return product ^ (product >>> 16);
  };
}

function mix(a, b) {
  const mixed = (Math.imul(0xca01f9dd, a) - Math.imul(0x4973f715, b)) | 0;
  return mixed ^ (mixed >>> 16);
}

/** `SeedSequence(seed).generate_state(count, uint64)`, as BigInts. */
function seedState(seed, count) {
  const words = wordsOf(seed);
  const hash = hasher(0x43b0d7e5, 0x931e8875);
  const pool = Array.from({ length: POOL_SIZE }, (_, i) => hash(words[i] ?? 0));
  for (let from = 0; from < POOL_SIZE; from += 1) {
    for (let to = 0; to < POOL_SIZE; to += 1) {
      if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
    }
  }
  const draw = hasher(0x8b51f9dd, 0x58f38ded);
  const halves = Array.from({ length: 2 * count }, (_, i) => BigInt(draw(pool[i % POOL_SIZE]) >>> 0));
  return Array.from({ length: count }, (_, i) => (halves[2 * i + 1] << 32n) | halves[2 * i]);
}

/** Draws as `numpy.random.default_rng(seed)` does, for a whole number from 0 to 2 ** 53 - 1. */
export class RandomGenerator {
  #state = 0n;
  #increment;
  #kept = null; // the upper half of the last 64 bits that were drawn for 32

  constructor(seed) {
    const [high, low, streamHigh, streamLow] = seedState(seed, 4);
    this.#increment = ((((streamHigh << 64n) | streamLow) << 1n) | 1n) & MASK_128;
    this.#step();
    this.#state += (high << 64n) | low;
    this.#step();
  }

  #step() { this.#state = (this.#state * MULTIPLIER + this.#increment) & MASK_128; }

  #next64() {
    this.#step();
    const folded = (this.#state >> 64n) ^ (this.#state & MASK_64);
    const turn = this.#state >> 122n;
    return ((folded >> turn) | (folded << (64n - turn))) & MASK_64;
  }

  #next32() {
    if (this.#kept !== null) {
      const kept = this.#kept;
      this.#kept = null;
      return kept;
    }
    const bits = this.#next64();
    this.#kept = bits >> 32n;
    return bits & 0xffffffffn;
  }

  /** A number from 0 to below 1. */
  random() { return Number(this.#next64() >> 11n) / 2 ** 53; }

  uniform(low, high) { return low + (high - low) * this.random(); }

  /** A whole number from `low` to below `high`, at most 2 ** 32 - 1 apart (Lemire, 2019). */
  integers(low, high) {
    const count = BigInt(high - low);
    if (count === 1n) return low;
    const threshold = (1n << 32n) % count;
    let product;
    do {
      product = this.#next32() * count;
    } while ((product & 0xffffffffn) < threshold);
    return low + Number(product >> 32n);
  }

  /** One of the values, with the given probabilities. */
  choice(values, probabilities) {
    let total = 0;
    const sums = probabilities.map((p) => (total += p));
    const drawn = this.random();
    return values[sums.findIndex((sum) => drawn < sum / total)];
  }
}
