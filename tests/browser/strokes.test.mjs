// Run by test_labelmap_js.py with `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createPhoto, hasWork, isUnsaved, settingsOf, sharedSettings, shareSettings } from "../../assets/js/colorize/photo.js";
import { addPoint, MAX_SIZE, radiusOf, readStrokes } from "../../assets/js/colorize/strokes.js";

const PREVIEW = { width: 1000, height: 500 };
const STROKE = { points: [[0.25, 0.5], [0, 1]], radius: 0.01, keep: false };
const draw = (places, max = 2048) => places.reduce((points, at) => addPoint(points, at, PREVIEW, max), []);
const photoWith = (settings) => createPhoto("one.png", null, 192, { settings, strokes: [STROKE] });

test("a point within a pixel of the last one is left out", () => {
  assert.deepEqual(draw([[0.5, 0.5], [0.5009, 0.5], [0.5, 0.5019], [0.5011, 0.5]]), [[0.5, 0.5], [0.5011, 0.5]]);
});

test("a point outside of the photo is put on its edge", () => {
  assert.deepEqual(draw([[-3, 0.5], [0.5, 1.5]]), [[0, 0.5], [0.5, 1]]);
});

test("a stroke with too many points keeps every other one and both ends", () => {
  const places = Array.from({ length: 9 }, (_, i) => [i / 10, 0.5]);
  assert.deepEqual(draw(places, 8).map(([x]) => x), [0, 0.2, 0.4, 0.6, 0.8]);
  const long = draw(Array.from({ length: 5000 }, (_, i) => [(i % 1000) / 1000, i / 5000]), 64);
  assert.ok(long.length <= 64);
  assert.deepEqual([long[0], long.at(-1)], [[0, 0], [0.999, 0.9998]]);
});

test("points are changed in copies, so that a finished stroke stays as it was", () => {
  const points = [[0.1, 0.1]];
  addPoint(points, [0.9, 0.9], PREVIEW, 8);
  assert.deepEqual(points, [[0.1, 0.1]]);
});

test("every size of the brush is larger than the one before and one that the server takes", () => {
  const radii = Array.from({ length: MAX_SIZE + 1 }, (_, size) => radiusOf(size));
  radii.forEach((radius, size) => assert.ok(radius > (radii[size - 1] ?? 0)));
  assert.deepEqual(readStrokes(radii.map((radius) => ({ ...STROKE, radius })), 99, 2).map((s) => s.radius), radii);
});

test("strokes come back from storage as they went, without anything else in them", () => {
  const kept = JSON.parse(JSON.stringify([STROKE, { ...STROKE, keep: true, points: [[1, 0]] }]));
  assert.deepEqual(readStrokes(kept, 2, 2), kept);
  assert.deepEqual(readStrokes([{ ...STROKE, color: "red" }], 1, 2), [STROKE]);
});

test("what is no list of strokes is refused", () => {
  const bad = (change) => [{ ...STROKE, ...change }];
  const refused = [
    null, 7, "[]", {}, [null], [7], [[]], [STROKE, STROKE, STROKE],
    bad({ points: [] }), bad({ points: "00" }), bad({ points: [[0, 0], [0, 0], [0, 0]] }),
    bad({ points: [[0]] }), bad({ points: [[0, 0, 0]] }), bad({ points: [["0", 0]] }), bad({ points: [[0, 1.01]] }),
    bad({ points: [[0, -0.01]] }), bad({ points: [[0, NaN]] }), bad({ points: [null] }),
    bad({ radius: 0 }), bad({ radius: 0.2501 }), bad({ radius: "0.1" }), bad({ radius: NaN }), bad({ radius: undefined }),
    bad({ keep: 1 }), bad({ keep: undefined }),
  ];
  for (const value of refused) assert.throws(() => readStrokes(value, 2, 2), Error, JSON.stringify(value));
});

test("strokes are sent only while scratches are removed, and kept otherwise", () => {
  const photo = photoWith({ scratches: true });
  assert.deepEqual(settingsOf(photo).strokes, [STROKE]);
  photo.scratches = false;
  assert.deepEqual(settingsOf(photo).strokes, []);
  assert.deepEqual(photo.strokes.value, [STROKE]);
});

test("scratches stay where no one asked for their removal", () => {
  const settings = settingsOf(createPhoto("one.png", null, 192));
  assert.deepEqual([settings.scratches, settings.strokes], [false, []]);
});

test("all photos get the switch of the one on show, and none its strokes", () => {
  const shared = sharedSettings(photoWith({ scratches: true }));
  assert.equal(shared.scratches, true);
  assert.equal("strokes" in shared, false);
});

test("a stroke is work that was not saved, on an example too", () => {
  const photo = photoWith({ scratches: true });
  photo.example = true;
  assert.equal(hasWork(photo) && isUnsaved(photo), true);
  photo.saved = JSON.stringify(settingsOf(photo));
  assert.equal(isUnsaved(photo), false);
  photo.strokes.push([STROKE, STROKE]);
  assert.equal(isUnsaved(photo), true);
  photo.strokes.undo();
  assert.equal(isUnsaved(photo), false);
});

test("shared settings go to the photos that have others", () => {
  const [here, same, other] = [true, true, false].map((scratches) => photoWith({ scratches }));
  assert.deepEqual(shareSettings(here, [here, same, other]), [other]);
  assert.equal(other.scratches, true);
});
