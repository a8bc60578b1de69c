// zlib (RFC 1950, 1951) for browsers without CompressionStream: written without compression, read
// whatever it is. No DOM: runs under Node too.

const BLOCK = 0xffff; // bytes that a stored block holds at the most
const MAX_BITS = 15; // of a Huffman code
const END = 256; // of a block
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
// [least value, extra bits] of each length code from 257 on, and of each distance code
const LENGTHS = [...ladder(28, 3, (i) => (i < 8 ? 0 : (i >> 2) - 1)), [258, 0]];
const DISTANCES = ladder(30, 1, (i) => (i < 4 ? 0 : (i >> 1) - 1));

function ladder(count, first, extraBits) {
  let value = first;
  return Array.from({ length: count }, (_, i) => {
    const rung = [value, extraBits(i)];
    value += 1 << rung[1];
    return rung;
  });
}

function adler32(bytes) {
  let [a, b] = [1, 0];
  for (let i = 0; i < bytes.length; i += 1) {
    a = (a + bytes[i]) % 65521;
    b = (b + a) % 65521;
  }
  return ((b << 16) | a) >>> 0;
}

/** `bytes` as a zlib stream of stored blocks: 5 bytes more for each 65,535, and 6. */
export function storeZlib(bytes) {
  const blocks = Math.max(1, Math.ceil(bytes.length / BLOCK));
  const out = new Uint8Array(6 + 5 * blocks + bytes.length);
  const view = new DataView(out.buffer);
  view.setUint16(0, 0x7801);
  let at = 2;
  for (let i = 0; i < blocks; i += 1) {
    const part = bytes.subarray(i * BLOCK, (i + 1) * BLOCK);
    out[at] = i === blocks - 1 ? 1 : 0;
    view.setUint16(at + 1, part.length, true);
    view.setUint16(at + 3, part.length ^ 0xffff, true);
    out.set(part, at + 5);
    at += 5 + part.length;
  }
  view.setUint32(at, adler32(bytes));
  return out;
}

/** The bytes in a zlib stream. Throws an Error where it is damaged or cut short. */
export function inflateZlib(stream) {
  const bits = new Bits(stream.subarray(2));
  const out = new Output();
  for (let last = 0; !last;) {
    last = bits.take(1);
    const kind = bits.take(2);
    if (kind === 0) copyStored(bits, out);
    else if (kind === 1) inflateBlock(bits, out, ...fixedTrees());
    else if (kind === 2) inflateBlock(bits, out, ...readTrees(bits));
    else throw new Error("damaged zlib stream: no such block");
  }
  const bytes = out.bytes();
  const sum = bits.wholeBytes(4);
  if (new DataView(sum.buffer, sum.byteOffset).getUint32(0) !== adler32(bytes)) {
    throw new Error("damaged zlib stream: the checksum is another");
  }
  return bytes;
}

class Bits {
  #at = 0; // in bits

  constructor(bytes) { this.bytes = bytes; }

  take(count) {
    let value = 0;
    for (let i = 0; i < count; i += 1, this.#at += 1) {
      value |= ((this.bytes[this.#at >> 3] >> (this.#at & 7)) & 1) << i;
    }
    if (this.#at > 8 * this.bytes.length) throw new Error("zlib stream is cut short");
    return value;
  }

  /** From the next whole byte on. */
  wholeBytes(count) {
    const from = (this.#at + 7) >> 3;
    this.#at = 8 * (from + count);
    if (from + count > this.bytes.length) throw new Error("zlib stream is cut short");
    return this.bytes.slice(from, from + count);
  }
}

class Output {
  #buffer = new Uint8Array(1 << 16);
  #length = 0;

  #grow(by) {
    if (this.#length + by <= this.#buffer.length) return;
    const larger = new Uint8Array(2 * (this.#length + by));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }

  append(bytes) {
    this.#grow(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  put(byte) {
    this.#grow(1);
    this.#buffer[this.#length] = byte;
    this.#length += 1;
  }

  /** Repeats what was put `distance` ago; it may run into what it writes. */
  repeat(length, distance) {
    if (distance > this.#length) throw new Error("damaged zlib stream: a distance too far back");
    this.#grow(length);
    for (let i = 0; i < length; i += 1, this.#length += 1) {
      this.#buffer[this.#length] = this.#buffer[this.#length - distance];
    }
  }

  bytes() { return this.#buffer.slice(0, this.#length); }
}

function copyStored(bits, out) {
  const [low, high] = bits.wholeBytes(4); // its complement after it tells nothing new
  out.append(bits.wholeBytes(low | (high << 8)));
}

/** Canonical Huffman codes of symbols with these code lengths; 0: a symbol that does not occur. */
function buildTree(lengths) {
  const counts = new Uint16Array(MAX_BITS + 1);
  for (const length of lengths) if (length) counts[length] += 1;
  const symbols = [...lengths.keys()].filter((symbol) => lengths[symbol]);
  symbols.sort((a, b) => lengths[a] - lengths[b] || a - b);
  return { counts, symbols };
}

function readSymbol(bits, { counts, symbols }) {
  let [code, first, index] = [0, 0, 0];
  for (let length = 1; length <= MAX_BITS; length += 1) {
    code |= bits.take(1);
    const count = counts[length];
    if (code - first < count) return symbols[index + code - first];
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  throw new Error("damaged zlib stream: no such code");
}

function fixedTrees() {
  const lengths = Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));
  return [buildTree(lengths), buildTree(Array(30).fill(5))];
}

function readTrees(bits) {
  const [literals, distances] = [257 + bits.take(5), 1 + bits.take(5)];
  const codeLengths = Array(19).fill(0);
  for (let i = 0, count = 4 + bits.take(4); i < count; i += 1) codeLengths[CODE_ORDER[i]] = bits.take(3);
  const codes = buildTree(codeLengths);
  const lengths = [];
  while (lengths.length < literals + distances) {
    const symbol = readSymbol(bits, codes);
    if (symbol < 16) lengths.push(symbol);
    else {
      const times = (symbol === 18 ? 11 : 3) + bits.take([2, 3, 7][symbol - 16]);
      const value = symbol === 16 ? lengths.at(-1) : 0;
      lengths.push(...Array(times).fill(value));
    }
  }
  return [buildTree(lengths.slice(0, literals)), buildTree(lengths.slice(literals, literals + distances))];
}

function inflateBlock(bits, out, literals, distances) {
  for (;;) {
    const symbol = readSymbol(bits, literals);
    if (symbol === END) return;
    if (symbol < END) out.put(symbol);
    else {
      const [least, extra] = LENGTHS[symbol - END - 1];
      const length = least + bits.take(extra);
      const [nearest, more] = DISTANCES[readSymbol(bits, distances)];
      out.repeat(length, nearest + bits.take(more));
    }
  }
}
