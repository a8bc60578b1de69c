// Looks of parts of a drawing: their states, what a request gets of them, and undo.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  MAX_LOOKS, NO_LOOKS, addLook, changeLook, checkLooks, isSameState, paintLooks, removeLook, requestOf,
} from "../../assets/js/canvas/look_map.js";
import { MapHistory } from "../../assets/js/canvas/map_history.js";
import { PictureHistory } from "../../assets/js/draw/picture_history.js";

const BRICK = { style: { name: "brick", values: [1, 2] } };

const stateOf = (ids, looks) => ({ ids: Uint8Array.from(ids), looks });

test("parts are added up to a limit, and a removed one leaves its id free", () => {
  let state = NO_LOOKS;
  for (let seed = 0; seed < MAX_LOOKS; seed += 1) {
    const added = addLook(state, { seed });
    assert.equal(added.id, seed + 1);
    state = added.state;
  }
  assert.equal(addLook(state, BRICK).id, 0);
  const removed = removeLook({ ...state, ids: Uint8Array.of(3, 2, 3, 0) }, 3);
  assert.deepEqual([...removed.ids], [0, 2, 0, 0]);
  assert.equal(removed.looks[2], null);
  const again = addLook(removed, BRICK);
  assert.deepEqual([again.id, again.state.looks[2]], [3, BRICK]);
  assert.deepEqual(removeLook(stateOf([1], [BRICK]), 1).looks, []);
});

test("a request has each look that is seen once", () => {
  assert.equal(requestOf(NO_LOOKS), null);
  assert.equal(requestOf(stateOf([0, 0], [BRICK])), null);
  const state = stateOf([0, 4, 2, 2, 1], [{ seed: 7 }, BRICK, { seed: 9 }, { seed: 7 }]);
  const { ids, looks } = requestOf(state);
  const lookAt = (i) => looks[ids[i] - 1];
  assert.equal(ids[0], 0);
  assert.deepEqual([lookAt(1), lookAt(2), lookAt(3), lookAt(4)], [{ seed: 7 }, { style: [1, 2] }, { style: [1, 2] }, { seed: 7 }]);
  assert.equal(looks.length, 2);
  assert.deepEqual(requestOf(changeLook(state, 2, { seed: 7 })).looks, [{ seed: 7 }]);
});

test("a stroke that changes no place is no step", () => {
  const state = stateOf([0, 1], [BRICK]);
  assert.ok(isSameState(state, { ...state, ids: Uint8Array.of(0, 1) }));
  assert.ok(!isSameState(state, { ...state, ids: Uint8Array.of(1, 1) }));
  assert.ok(!isSameState(state, { ...state, looks: [{ seed: 1 }] }));
  assert.ok(!isSameState({ ...state, ids: null }, state));
  assert.ok(isSameState(NO_LOOKS, NO_LOOKS));
});

test("looks from storage are checked", () => {
  const ids = Uint8Array.of(0, 1, 2);
  assert.deepEqual(checkLooks(ids, [{ seed: 1 }, BRICK], 3, 2), { ids, looks: [{ seed: 1 }, BRICK] });
  assert.equal(checkLooks(ids, [null, BRICK], 3, 2).ids, ids);
  for (const [looks, pixels, styleDim] of [
    [[{ seed: 1 }, BRICK], 4, 2], [[{ seed: 1 }, BRICK], 3, 3], [[{ seed: 1 }], 3, 2], [[{ seed: -1 }, BRICK], 3, 2],
    [[{}, BRICK], 3, 2], [["x", BRICK], 3, 2], ["12", 3, 2], [undefined, 3, 2], [Array(9).fill({ seed: 1 }), 3, 2],
    [[{ style: { name: "a", values: [1, 2], photo: "http://x" } }, BRICK], 3, 2],
  ]) assert.equal(checkLooks(ids, looks, pixels, styleDim), NO_LOOKS);
});

test("a part has a line along its edge, and a tint within while it is drawn on", () => {
  const shape = { width: 5, height: 5 };
  const ids = new Uint8Array(25);
  for (const y of [1, 2, 3]) ids.fill(1, 5 * y + 1, 5 * y + 4);
  const pixels = new Uint32Array(25);
  paintLooks(ids, shape, [0x0000ff], 1, 1, pixels);
  assert.deepEqual([pixels[0], pixels[6], pixels[12]], [0, 0xff0000ff, 0x700000ff]);
  paintLooks(ids, shape, [0x0000ff], 1, 0, pixels);
  assert.deepEqual([pixels[6], pixels[12]], [0xff0000ff, 0x000000ff]);
  paintLooks(null, shape, [], 0, 1, pixels);
  assert.ok(pixels.every((pixel) => pixel === 0));
});

test("drawings and looks are undone in one order, sheets of other shapes too", () => {
  const history = new MapHistory({ width: 2, height: 1 });
  const map = Uint8Array.of(0, 0);
  const one = stateOf([1, 0], [BRICK]);
  map[0] = 5;
  history.commit(Uint8Array.of(0, 0), map);
  assert.equal(history.commit(map, map, { before: NO_LOOKS, after: one }), true);
  assert.equal(history.commit(map, map), false);
  const next = { map: Uint8Array.of(9), shape: { width: 1, height: 1 }, looks: NO_LOOKS };
  history.commitSheet({ map: map.slice(), shape: { width: 2, height: 1 }, looks: one }, next);
  assert.equal(history.undo(next.map).looks, one);
  assert.equal(history.undo(map).looks, NO_LOOKS);
  assert.deepEqual([...map], [5, 0]);
  assert.equal(history.undo(map).looks, undefined);
  assert.deepEqual([...map], [0, 0]);
  history.redo(map);
  assert.equal(history.redo(map).looks, one);
});

test("pictures that differ in the look of a part are two of the history", () => {
  const history = new PictureHistory(null, "key");
  const entry = { ids: "a", width: 1, height: 1, seed: 1, style: null, thumbnail: "data:image/png," };
  const parts = { ids: "b", looks: [{ seed: 1 }] };
  history.add(entry);
  history.add({ ...entry, parts });
  history.add({ ...entry, parts: { ...parts, looks: [{ seed: 2 }] } });
  history.add({ ...entry, parts: { ...parts } });
  assert.equal(history.entries.length, 3);
  assert.equal(history.current.parts.looks[0].seed, 1);
});
