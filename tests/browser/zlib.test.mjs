// Run by test_labelmap_js.py with `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";

import { fromBase64, packIds, unpackIds } from "../../assets/js/core/codec.js";
import { inflateZlib, storeZlib } from "../../assets/js/core/zlib.js";

/** Bytes of several kinds: even, drawn, random, empty, just as long as a stored block. */
function samples() {
  let seed = 7;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  const drawn = Uint8Array.from({ length: 65536 }, (_, i) => ((i >> 5) % 7) * ((i >> 11) % 3));
  const noise = Uint8Array.from({ length: 70_000 }, () => Math.floor(random() * 256));
  const skewed = Uint8Array.from({ length: 9000 }, () => Math.floor(random() ** 4 * 40));
  return [
    new Uint8Array(0), Uint8Array.of(5), new Uint8Array(65536).fill(1), drawn, noise, skewed,
    noise.slice(0, 65535), noise.slice(0, 65536), new Uint8Array(2 ** 20).fill(3),
  ];
}

test("what is stored is read by any zlib", () => {
  for (const bytes of samples()) {
    assert.deepEqual(new Uint8Array(zlib.inflateSync(storeZlib(bytes))), bytes);
  }
});

test("what any zlib has written is read, at every level and strategy", () => {
  for (const bytes of samples()) {
    for (const level of [0, 1, 6, 9]) {
      for (const strategy of [zlib.constants.Z_DEFAULT_STRATEGY, zlib.constants.Z_FIXED,
        zlib.constants.Z_HUFFMAN_ONLY, zlib.constants.Z_RLE]) {
        const packed = new Uint8Array(zlib.deflateSync(bytes, { level, strategy }));
        assert.deepEqual(inflateZlib(packed), bytes);
      }
    }
  }
});

test("a stream that is damaged or cut short is an error, not another drawing", () => {
  const packed = new Uint8Array(zlib.deflateSync(samples()[5]));
  for (const length of [2, 3, 40, packed.length - 5, packed.length - 1]) {
    assert.throws(() => inflateZlib(packed.subarray(0, length)));
  }
  for (let at = 2; at < packed.length; at += 97) {
    const damaged = packed.slice();
    damaged[at] ^= 16;
    assert.throws(() => inflateZlib(damaged));
  }
});

test("ids travel both ways where the browser has no CompressionStream", async () => {
  const map = samples()[3];
  const packed = await packIds(map);
  const { CompressionStream, DecompressionStream } = globalThis;
  delete globalThis.CompressionStream;
  delete globalThis.DecompressionStream;
  try {
    assert.deepEqual(await unpackIds(packed), map);
    const stored = await packIds(map);
    assert.deepEqual(new Uint8Array(zlib.inflateSync(fromBase64(stored))), map);
  } finally {
    Object.assign(globalThis, { CompressionStream, DecompressionStream });
  }
});
