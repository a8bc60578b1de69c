// Run by test_labelmap_js.py with `node --test`.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { toBase64 } from "../../assets/js/core/codec.js";

/** As much of the browser's Storage as is used. */
class FakeStorage {
  getItem(key) { return Object.hasOwn(this, key) ? this[key] : null; }
  setItem(key, value) { this[key] = String(value); }
  removeItem(key) { delete this[key]; }
}

globalThis.window = { addEventListener() {} };
globalThis.sessionStorage = new FakeStorage();
const { loadDrawing } = await import("../../assets/js/draw/autosave.js");

const SHAPE = { width: 4, height: 3 };
const map = Uint8Array.from({ length: 12 }, (_, i) => i % 3);
const entry = (changes = {}) => JSON.stringify({
  ids: toBase64(map), ...SHAPE, seed: 5, style: null, tool: "line", classId: 2, brush: 9, gap: 7,
  mirror: true, grid: false, live: false, at: 1, ...changes,
});

beforeEach(() => { globalThis.localStorage = new FakeStorage(); });

test("a drawing of the last window comes back with its settings", () => {
  localStorage.setItem("pix2pix-drawing:other", entry());
  localStorage.setItem("pix2pix-drawing", JSON.stringify({ last: "other" }));
  const { map: ids, seed, tool, classId, brush, gap, mirror, live } = loadDrawing("draw", SHAPE, 3, 8);
  assert.deepEqual(ids, map);
  assert.deepEqual([seed, tool, classId, brush, gap, mirror, live], [5, "line", 2, 9, 7, true, false]);
  assert.deepEqual(loadDrawing("other_tab", SHAPE, 3, 8), {}, "each tab has its own");
});

test("a drawing that an early version kept, a square without windows, still opens", () => {
  const square = { ids: toBase64(new Uint8Array(16).fill(1)), size: 4, seed: 3 };
  localStorage.setItem("pix2pix-drawing", JSON.stringify(square));
  assert.deepEqual([...loadDrawing("draw", { width: 4, height: 4 }, 3, 8).map], Array(16).fill(1));
});

test("an entry of another shape, of other classes or no entry at all is left out", () => {
  const load = (text) => {
    localStorage.setItem("pix2pix-drawing", text);
    return loadDrawing("draw", SHAPE, 3, 8);
  };
  for (const bad of [entry({ width: 3 }), entry({ ids: "AA==" }), entry({ ids: toBase64(map.map(() => 9)) }),
    "{", "null", "7", '{"last": "gone"}', '{"size": 4, "ids": "eJw="}', '{"width": 4}']) {
    assert.deepEqual(load(bad), {});
  }
});

test("of an entry with odd settings the drawing still comes", () => {
  localStorage.setItem("pix2pix-drawing", entry({ seed: "5", brush: 1e9, classId: 3, style: { values: [1] } }));
  const { map: ids, seed, brush, classId, style } = loadDrawing("draw", SHAPE, 3, 8);
  assert.deepEqual([ids, seed, brush, classId, style], [map, undefined, undefined, undefined, undefined]);
});

test("a sheet of another shape comes back with it", () => {
  const canvas = { kind: "labels", width: 3, height: 2 };
  const tall = new Uint8Array(2 * 4).fill(1);
  localStorage.setItem("pix2pix-drawing", entry({ ids: toBase64(tall), width: 2, height: 4 }));
  const { map: ids, shape } = loadDrawing("draw", canvas, 3, 8);
  assert.deepEqual([ids, shape], [tall, { width: 2, height: 4 }]);
  assert.deepEqual(loadDrawing("draw", { ...canvas, kind: "lines" }, 3, 8), {});
});
