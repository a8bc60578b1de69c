// Run by test_labelmap_js.py with `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { MAX_PICTURES, PictureHistory } from "../../assets/js/draw/picture_history.js";

const entry = (seed, more = {}) => ({
  ids: "eJw=", width: 4, height: 4, seed, style: null, thumbnail: "data:image/jpeg;base64,AA==", ...more,
});

function storage(text = null) {
  return { text, getItem() { return this.text; }, setItem(key, value) { this.text = value; } };
}

test("the last 24 pictures are kept, the newest first, over a reload", () => {
  const kept = storage();
  const history = new PictureHistory(kept, "pictures");
  for (let seed = 0; seed < 30; seed += 1) history.add(entry(seed));
  assert.equal(MAX_PICTURES, 24);
  const seeds = Array.from({ length: 24 }, (_, i) => 29 - i);
  assert.deepEqual(history.entries.map(({ seed }) => seed), seeds);
  assert.deepEqual(new PictureHistory(kept, "pictures").entries, history.entries);
});

test("a picture that is gone back to keeps its place, and another look or shape is another picture", () => {
  const history = new PictureHistory(storage(), "pictures");
  const brick = { name: "brick", values: [1, 0] };
  for (const each of [entry(1), entry(2), entry(1, { style: brick }), entry(1, { width: 2, height: 8 })]) history.add(each);
  history.add(entry(1));
  assert.equal(history.entries.length, 4);
  assert.equal(history.current, history.entries[3]);
  history.add(entry(9, { style: brick })); // the style is used in place of the seed
  assert.equal(history.current, history.entries[1]);
});

test("what is not an entry is left out, and a storage that fails keeps nothing", () => {
  const bad = [null, 7, entry(1, { thumbnail: "https://elsewhere/x.png" }), entry("1"), entry(1, { ids: 3 }),
    entry(1, { style: { name: "x", values: ["a"] } })];
  assert.deepEqual(new PictureHistory(storage(JSON.stringify([...bad, entry(5)])), "p").entries, [entry(5)]);
  for (const text of ["{", "7", '{"a": 1}']) assert.deepEqual(new PictureHistory(storage(text), "p").entries, []);
  const blocked = new PictureHistory(null, "p");
  blocked.add(entry(1));
  assert.deepEqual(blocked.entries, [entry(1)]);
});
