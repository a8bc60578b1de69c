// Run by test_labelmap_js.py with `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";

import { fromBase64, packIds, toBase64, unpackIds } from "../../assets/js/core/codec.js";

/** Maps of several kinds: even, drawn, random, empty. */
function samples() {
  let seed = 7;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  const drawn = Uint8Array.from({ length: 65536 }, (_, i) => ((i >> 5) % 7) * ((i >> 11) % 3));
  const noise = Uint8Array.from({ length: 70_000 }, () => Math.floor(random() * 256));
  return [new Uint8Array(0), Uint8Array.of(5), new Uint8Array(65536).fill(1), drawn, noise];
}

/** Runs `act` as in a browser without CompressionStream. */
async function withoutStreams(act) {
  const { CompressionStream, DecompressionStream } = globalThis;
  delete globalThis.CompressionStream;
  delete globalThis.DecompressionStream;
  try {
    return await act();
  } finally {
    Object.assign(globalThis, { CompressionStream, DecompressionStream });
  }
}

test("what is packed is read by any zlib, with and without CompressionStream", async () => {
  for (const map of samples()) {
    for (const packed of [await packIds(map), await withoutStreams(() => packIds(map))]) {
      assert.deepEqual(new Uint8Array(zlib.inflateSync(fromBase64(packed))), map);
      assert.deepEqual(await unpackIds(packed), map);
    }
  }
});

test("what any zlib has written is read without DecompressionStream, at every level and strategy", async () => {
  for (const map of samples()) {
    for (const level of [0, 1, 6, 9]) {
      for (const strategy of [zlib.constants.Z_DEFAULT_STRATEGY, zlib.constants.Z_FIXED,
        zlib.constants.Z_HUFFMAN_ONLY, zlib.constants.Z_RLE]) {
        const packed = toBase64(new Uint8Array(zlib.deflateSync(map, { level, strategy })));
        assert.deepEqual(await withoutStreams(() => unpackIds(packed)), map);
      }
    }
  }
});

test("a facade travels small with either", async () => {
  const drawn = samples()[3];
  assert.ok((await packIds(drawn)).length < 3000);
  assert.ok((await withoutStreams(() => packIds(drawn))).length < 3000);
});

test("a stream that is cut short is an error, not another drawing", async () => {
  const packed = new Uint8Array(zlib.deflateSync(samples()[3]));
  for (const length of [2, 40, packed.length - 40]) {
    await assert.rejects(unpackIds(toBase64(packed.subarray(0, length))));
  }
});
