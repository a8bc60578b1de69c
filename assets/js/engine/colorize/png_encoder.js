// Writes PNG files row by row: losslessly also where alpha is 0, and without a canvas, the size of which
// is limited.

import { bigEndian, concatBytes, fromBinaryText } from "./bytes.js";

export const PNG_SIGNATURE = fromBinaryText("\x89PNG\r\n\x1a\n");
const SAMPLE = 4096; // bytes of a row that are looked at to choose a filter

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

export function crcOf(parts) {
  let crc = -1;
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 1) crc = CRC_TABLE[(crc ^ part[i]) & 255] ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

/** A chunk of a PNG file, as a list of byte arrays. */
export function chunk(kind, content) {
  const name = fromBinaryText(kind);
  return [bigEndian(content.length, 4), name, content, bigEndian(crcOf([name, content]), 4)];
}

export class PngEncoder {
  #previous;
  #parts;
  #stream = new CompressionStream("deflate");
  #writer = this.#stream.writable.getWriter();
  #packed = [];
  #reading;

  /** `chunks`: [kind, content] of others before the pixels; with `hasAlpha` false, RGB is written. */
  constructor(width, height, hasAlpha, chunks = []) {
    Object.assign(this, { width, channels: hasAlpha ? 4 : 3 });
    const kind = Uint8Array.of(8, hasAlpha ? 6 : 2, 0, 0, 0); // bits, RGBA or RGB
    const header = concatBytes([bigEndian(width, 4), bigEndian(height, 4), kind]);
    this.#parts = [PNG_SIGNATURE, ...[["IHDR", header], ...chunks].flatMap((each) => chunk(...each))];
    this.#previous = new Uint8Array(width * this.channels);
    this.#reading = this.#collect();
  }

  async #collect() {
    const reader = this.#stream.readable.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#packed.push(...chunk("IDAT", value));
    }
  }

  /** Adds rows of RGBA bytes. */
  async add(rows) {
    const { width, channels } = this;
    const count = rows.length / (width * 4);
    const length = width * channels;
    const out = new Uint8Array(count * (length + 1));
    for (let y = 0; y < count; y += 1) {
      const row = this.#takeRow(rows, y);
      filterRow(row, this.#previous, channels, out.subarray(y * (length + 1), (y + 1) * (length + 1)));
      this.#previous = row;
    }
    await this.#writer.write(out);
  }

  #takeRow(rows, y) {
    const { width, channels } = this;
    const row = new Uint8Array(width * channels);
    for (let from = y * width * 4, to = 0; to < row.length; from += 4, to += channels) {
      row[to] = rows[from];
      row[to + 1] = rows[from + 1];
      row[to + 2] = rows[from + 2];
      if (channels === 4) row[to + 3] = rows[from + 3];
    }
    return row;
  }

  /** The file as a list of byte arrays, for a Blob. */
  async finish() {
    await this.#writer.close();
    await this.#reading;
    return [...this.#parts, ...this.#packed, ...chunk("IEND", new Uint8Array())];
  }
}

/** Writes the filter's number and the filtered row: Up or Paeth, by the smaller sum of a sample. */
function filterRow(row, above, channels, out) {
  const step = Math.max(1, Math.floor(row.length / SAMPLE));
  let up = 0;
  let paeth = 0;
  for (let i = channels; i < row.length; i += step) {
    up += Math.abs(((row[i] - above[i]) << 24) >> 24);
    paeth += Math.abs(((row[i] - predict(row[i - channels], above[i], above[i - channels])) << 24) >> 24);
  }
  out[0] = up <= paeth ? 2 : 4;
  const isUp = out[0] === 2;
  for (let i = 0; i < row.length; i += 1) {
    const isFirst = i < channels;
    const left = isFirst ? 0 : row[i - channels];
    const corner = isFirst ? 0 : above[i - channels];
    out[i + 1] = row[i] - (isUp ? above[i] : predict(left, above[i], corner));
  }
}

/** The Paeth predictor (PNG 1.2, 6.6). */
function predict(left, up, corner) {
  const a = Math.abs(up - corner);
  const b = Math.abs(left - corner);
  const c = Math.abs(left + up - 2 * corner);
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}
