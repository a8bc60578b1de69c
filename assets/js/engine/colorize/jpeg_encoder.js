// Writes baseline JPEG files row by row: with chroma at full resolution, which a canvas's encoder halves,
// and without a canvas, the size of which is limited.

import { bigEndian, concatBytes } from "./bytes.js";
import { HUFFMAN, QUANTIZATION, ZIGZAG } from "./jpeg_tables.js";

const PIECE = 1 << 20; // bytes of the file that are collected before a new array is begun
const MARGIN = 4096; // more than the bytes of three blocks

export function jpegSegment(marker, content) {
  const fitting = content.subarray(0, 65533);
  return concatBytes([Uint8Array.of(0xff, marker), bigEndian(fitting.length + 2, 2), fitting]);
}

// Arai, Agui and Nakajima (1988): a DCT with five multiplications for eight values, scaled by these.
const SCALES = Float64Array.from({ length: 8 }, (_, k) => (
  k ? Math.SQRT2 * Math.cos((k * Math.PI) / 16) : 1
));
const [HALF_ROOT, C6] = [Math.SQRT1_2, Math.cos((3 * Math.PI) / 8)];
const [C2_MINUS_C6, C2_PLUS_C6] = [Math.cos(Math.PI / 8) - C6, Math.cos(Math.PI / 8) + C6];

/** What each DCT coefficient is multiplied by, in zigzag order. */
const FACTORS = QUANTIZATION.map((table) => Float64Array.from(table, (divisor, i) => (
  1 / (8 * divisor * SCALES[ZIGZAG[i] >> 3] * SCALES[ZIGZAG[i] & 7])
)));

/** The code and the bits of each value of a Huffman table. */
function codesOf({ counts, values }) {
  const [codes, sizes] = [new Uint16Array(256), new Uint8Array(256)];
  let [code, at] = [0, 0];
  counts.forEach((count, i) => {
    for (let n = 0; n < count; n += 1, code += 1, at += 1) {
      codes[values[at]] = code;
      sizes[values[at]] = i + 1;
    }
    code *= 2;
  });
  return { codes, sizes };
}

const [DC_Y, AC_Y, DC_C, AC_C] = HUFFMAN.map(codesOf);

/** The DCT of eight values at some places, in place and scaled. */
function transform(d, i0, i1, i2, i3, i4, i5, i6, i7) {
  const s0 = d[i0] + d[i7];
  const s1 = d[i1] + d[i6];
  const s2 = d[i2] + d[i5];
  const s3 = d[i3] + d[i4];
  const r3 = d[i3] - d[i4];
  const r2 = d[i2] - d[i5];
  const r1 = d[i1] - d[i6];
  const r0 = d[i0] - d[i7];
  const even = s0 + s3;
  const odd = s1 + s2;
  const rest = s0 - s3;
  const turned = (s1 - s2 + rest) * HALF_ROOT;
  d[i0] = even + odd;
  d[i4] = even - odd;
  d[i2] = rest + turned;
  d[i6] = rest - turned;
  const a = r3 + r2;
  const b = (r2 + r1) * HALF_ROOT;
  const c = r1 + r0;
  const shared = (a - c) * C6;
  const e = C2_MINUS_C6 * a + shared;
  const f = C2_PLUS_C6 * c + shared;
  d[i5] = r0 - b + e;
  d[i3] = r0 - b - e;
  d[i1] = r0 + b + f;
  d[i7] = r0 + b - f;
}

export class JpegEncoder {
  #pieces = [];
  #out = new Uint8Array(PIECE + MARGIN);
  #at = 0;
  #bits = 0; // that are not written yet: their number and their value
  #value = 0;
  #previous = [0, 0, 0]; // DC of Y, Cb and Cr
  #block = new Float64Array(64);
  #levels = new Int32Array(64);

  /** `segments`: those of jpegSegment that follow the start of the file. */
  constructor(width, height, segments = []) {
    Object.assign(this, { width, height });
    this.rest = new Uint8ClampedArray(); // rows that fill no block yet
    const components = [1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1];
    const size = [bigEndian(height, 2), bigEndian(width, 2)];
    const frame = concatBytes([Uint8Array.of(8), ...size, Uint8Array.of(3, ...components)]);
    this.head = concatBytes([
      Uint8Array.of(0xff, 0xd8), ...segments,
      ...QUANTIZATION.map((table, i) => jpegSegment(0xdb, Uint8Array.of(i, ...table))),
      jpegSegment(0xc0, frame),
      ...HUFFMAN.map(({ id, counts, values }) => jpegSegment(0xc4, Uint8Array.of(id, ...counts, ...values))),
      jpegSegment(0xda, Uint8Array.of(3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0)),
    ]);
  }

  /** Adds opaque rows of RGBA bytes. */
  add(rows) {
    const step = this.width * 4;
    let all = rows;
    if (this.rest.length) {
      all = new Uint8ClampedArray(this.rest.length + rows.length);
      all.set(this.rest);
      all.set(rows, this.rest.length);
    }
    const whole = Math.floor(all.length / step / 8) * 8;
    for (let y = 0; y < whole; y += 8) this.#encodeRow(all, y, 8);
    this.rest = all.slice(whole * step);
  }

  /** The file as a list of byte arrays, for a Blob. */
  finish() {
    const count = this.rest.length / (this.width * 4);
    if (count) this.#encodeRow(this.rest, 0, count);
    this.#put(0x7f, 7);
    this.#flush(0);
    return [this.head, ...this.#pieces, Uint8Array.of(0xff, 0xd9)];
  }

  /** Encodes the blocks of eight rows; where there are less, the last one is repeated. */
  #encodeRow(data, top, count) {
    for (let x = 0; x < this.width; x += 8) {
      for (let component = 0; component < 3; component += 1) {
        this.#takeBlock(data, x, top, count, component);
        this.#encodeBlock(component);
      }
      this.#flush(PIECE);
    }
  }

  #takeBlock(data, left, top, count, component) {
    const block = this.#block;
    const { width } = this;
    for (let i = 0; i < 64; i += 1) {
      const row = i >> 3;
      const column = left + (i & 7);
      const at = ((top + (row < count ? row : count - 1)) * width + (column < width ? column : width - 1)) * 4;
      const red = data[at];
      const green = data[at + 1];
      const blue = data[at + 2];
      if (component === 0) block[i] = 0.299 * red + 0.587 * green + 0.114 * blue - 128;
      else if (component === 1) block[i] = -0.168735892 * red - 0.331264108 * green + 0.5 * blue;
      else block[i] = 0.5 * red - 0.418687589 * green - 0.081312411 * blue;
    }
  }

  #encodeBlock(component) {
    const block = this.#block;
    const levels = this.#levels;
    for (let i = 0; i < 64; i += 8) transform(block, i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7);
    for (let i = 0; i < 8; i += 1) transform(block, i, i + 8, i + 16, i + 24, i + 32, i + 40, i + 48, i + 56);
    const factors = FACTORS[component ? 1 : 0];
    let last = 0;
    for (let i = 0; i < 64; i += 1) {
      levels[i] = Math.round(block[ZIGZAG[i]] * factors[i]);
      if (levels[i]) last = i;
    }
    const dc = component ? DC_C : DC_Y;
    const ac = component ? AC_C : AC_Y;
    this.#putLevel(dc, 0, levels[0] - this.#previous[component]);
    this.#previous[component] = levels[0];
    let zeros = 0;
    for (let i = 1; i <= last; i += 1) {
      if (levels[i]) {
        for (; zeros > 15; zeros -= 16) this.#put(ac.codes[0xf0], ac.sizes[0xf0]);
        this.#putLevel(ac, zeros, levels[i]);
        zeros = 0;
      } else zeros += 1;
    }
    if (last < 63) this.#put(ac.codes[0], ac.sizes[0]);
  }

  /** Writes a level, after a number of zeros: a Huffman code and as many bits as the level needs. */
  #putLevel({ codes, sizes }, zeros, level) {
    const size = 32 - Math.clz32(Math.abs(level));
    const symbol = 16 * zeros + size;
    this.#put(codes[symbol], sizes[symbol]);
    if (size) this.#put((level < 0 ? level - 1 : level) & ((1 << size) - 1), size);
  }

  #put(code, size) {
    let bits = this.#bits + size;
    let value = (this.#value << size) | code;
    while (bits >= 8) {
      bits -= 8;
      const byte = (value >> bits) & 255;
      this.#out[this.#at] = byte;
      this.#at += 1;
      if (byte === 255) {
        this.#out[this.#at] = 0;
        this.#at += 1;
      }
    }
    value &= (1 << bits) - 1;
    this.#bits = bits;
    this.#value = value;
  }

  /** Begins a new piece where the last has more than `size` bytes. */
  #flush(size) {
    if (this.#at <= size) return;
    this.#pieces.push(this.#out.slice(0, this.#at));
    this.#at = 0;
  }
}
