// Run by test_labelmap_js.py with `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  BACKGROUND, FACADE, bareWall, boxBetween, clearBox, clipBox, colorLookup, cutPiece, difference,
  elementBox, eraserInk, fillRect, floodFill, paintIds, pasteMirrored, mirrorBox, putPiece,
  repeatSteps, snap, snapPoint, strokeSegment,
} from "../../assets/js/canvas/label_map.js";
import { MapHistory } from "../../assets/js/canvas/map_history.js";
import { LatestOnlyQueue } from "../../assets/js/core/latest_only_queue.js";
import { fromBase64, packIds, toBase64, unpackIds } from "../../assets/js/core/codec.js";

const SIZE = 16;
const SQUARE = { width: SIZE, height: SIZE };
const blank = () => new Uint8Array(SIZE * SIZE);
const count = (map, id) => map.filter((v) => v === id).length;
const ink = (id) => () => id;
const at = (x, y) => ({ x, y });

test("ids are painted in the colours of their classes, opaque; ids without a class in black", () => {
  const rgba = new Uint8ClampedArray(3 * 4);
  const lookup = colorLookup([[1, 2, 3], [255, 128, 0]]);
  paintIds(Uint8Array.of(1, 0, 200), lookup, new Uint32Array(rgba.buffer));
  assert.deepEqual([...rgba], [255, 128, 0, 255, 1, 2, 3, 255, 0, 0, 0, 255]);
});

test("a rectangle covers both corners, whichever is given first", () => {
  const [a, b] = [blank(), blank()];
  fillRect(a, SQUARE, 2, 3, 5, 4, 7);
  fillRect(b, SQUARE, 5, 4, 2, 3, 7);
  assert.equal(count(a, 7), 4 * 2);
  assert.equal(a[3 * SIZE + 2], 7);
  assert.equal(a[4 * SIZE + 5], 7);
  assert.deepEqual(a, b);
});

test("a rectangle beyond the canvas is cut at its border", () => {
  const map = blank();
  fillRect(map, SQUARE, -9, 14, 99, 99, 3);
  assert.equal(count(map, 3), SIZE * 2);
  fillRect(map, SQUARE, 40, 40, 50, 50, 5);
  fillRect(map, SQUARE, -9, -9, -2, -2, 5);
  assert.equal(count(map, 5), 0);
});

test("a brush of one pixel paints the pixel it is over", () => {
  const map = blank();
  strokeSegment(map, SQUARE, at(4.9, 7.1), at(4.9, 7.1), 1, ink(2));
  assert.equal(count(map, 2), 1);
  assert.equal(map[7 * SIZE + 4], 2);
});

test("a dab is as wide as the brush and has round corners", () => {
  for (const diameter of [1, 2, 5, 8, 11]) {
    const map = blank();
    strokeSegment(map, SQUARE, at(8, 8), at(8, 8), diameter, ink(1));
    const patch = difference(blank(), map, SQUARE);
    assert.deepEqual([patch.width, patch.height], [diameter, diameter]);
    if (diameter > 4) assert.equal(patch.after[0], 0);
  }
});

test("a thin fast stroke has no gaps", () => {
  const map = blank();
  strokeSegment(map, SQUARE, at(0.5, 0.5), at(15.5, 6.5), 1, ink(4));
  for (let x = 1; x < SIZE; x++) {
    const column = (c) => [...Array(SIZE).keys()].filter((y) => map[y * SIZE + c] === 4);
    const near = column(x).some((y) => column(x - 1).some((z) => Math.abs(y - z) <= 1));
    assert.ok(near, `column ${x} is connected to the one before`);
  }
});

test("a stroke off the canvas does not wrap round its edge", () => {
  const map = blank();
  strokeSegment(map, SQUARE, at(SIZE + 1, 5), at(SIZE + 1, 9), 4, ink(9));
  for (let y = 0; y < SIZE; y++) assert.equal(map[y * SIZE], 0);
});

test("odd brushes sit on pixels, even ones on corners", () => {
  assert.equal(snap(3.2, 3), 3.5);
  assert.equal(snap(3.2, 4), 3);
});

test("fill stops at the border of its region and at diagonals", () => {
  const map = blank();
  fillRect(map, SQUARE, 4, 0, 4, 15, 1);
  assert.ok(floodFill(map, SQUARE, 0, 0, 6));
  assert.equal(count(map, 6), 4 * SIZE);
  const diagonal = blank();
  diagonal.fill(1);
  diagonal[0] = 0;
  diagonal[SIZE + 1] = 0;
  floodFill(diagonal, SQUARE, 0, 0, 5);
  assert.equal(count(diagonal, 5), 1);
});

test("fill reaches round a bend", () => {
  const map = blank();
  fillRect(map, SQUARE, 4, 0, 4, 14, 1);
  fillRect(map, SQUARE, 8, 1, 8, 15, 1);
  floodFill(map, SQUARE, 0, 0, 6);
  assert.equal(count(map, 0), 0);
});

test("fill with the id that is there, or off the canvas, does nothing", () => {
  const map = blank();
  assert.equal(floodFill(map, SQUARE, 3, 3, 0), false);
  assert.equal(floodFill(map, SQUARE, -1, 3, 2), false);
  assert.deepEqual(map, blank());
});

test("the eraser gives back the wall from an element, the sky from the wall", () => {
  const fromWindow = eraserInk(2);
  assert.equal(fromWindow(2), FACADE);
  assert.equal(fromWindow(11), FACADE);
  assert.equal(fromWindow(BACKGROUND), BACKGROUND);
  assert.equal(eraserInk(FACADE)(FACADE), BACKGROUND);
  assert.equal(eraserInk(BACKGROUND)(2), BACKGROUND);
});

test("undo and redo travel the same road both ways", () => {
  const map = blank();
  const history = new MapHistory(SQUARE);
  const states = [map.slice()];
  for (let i = 1; i < 12; i++) {
    const before = map.slice();
    fillRect(map, SQUARE, i, 0, SIZE, i, i);
    history.commit(before, map);
    states.push(map.slice());
  }
  for (let i = 10; i >= 0; i--) {
    assert.ok(history.undo(map));
    assert.deepEqual(map, states[i]);
  }
  assert.equal(history.undo(map), false);
  for (let i = 1; i < 12; i++) {
    assert.ok(history.redo(map));
    assert.deepEqual(map, states[i]);
  }
  assert.equal(history.canRedo, false);
});

test("a hundred steps and more can be undone", () => {
  const map = blank();
  const history = new MapHistory(SQUARE);
  for (let i = 0; i < 150; i++) {
    const before = map.slice();
    map[i] = 1;
    history.commit(before, map);
  }
  let undone = 0;
  while (history.undo(map)) undone += 1;
  assert.equal(undone, 150);
  assert.deepEqual(map, blank());
});

test("a new step ends the road forward, and a step that changes nothing is none", () => {
  const map = blank();
  const history = new MapHistory(SQUARE);
  assert.equal(history.commit(map, map.slice()), false);
  for (const id of [1, 2]) {
    const before = map.slice();
    map.fill(id);
    history.commit(before, map);
  }
  history.undo(map);
  const before = map.slice();
  map[0] = 9;
  history.commit(before, map);
  assert.equal(history.canRedo, false);
});

test("a new canvas is a wall with sky above it", () => {
  const map = bareWall({ width: 64, height: 64 });
  assert.equal(map[0], BACKGROUND);
  assert.equal(map[32 * 64 + 32], FACADE);
  assert.deepEqual([...new Set(map)].sort(), [BACKGROUND, FACADE]);
});

test("steps that run together are undone together", () => {
  const map = blank();
  const history = new MapHistory(SQUARE);
  history.commit(blank(), map.fill(1));
  const before = map.slice();
  for (const [i, commit] of [[3, "commit"], [4, "recommit"], [5, "recommit"]]) {
    map[i] = 9;
    history[commit](before, map);
  }
  assert.ok(history.undo(map));
  assert.deepEqual(map, before);
  assert.ok(history.undo(map));
  assert.deepEqual(map, blank());
});

test("a box between two points holds both cells, and keeps to the lines of a grid", () => {
  const box = (left, top, width, height) => ({ left, top, width, height });
  assert.deepEqual(boxBetween(at(5.5, 3.2), at(2.1, 4.9)), box(2, 3, 4, 2));
  assert.deepEqual(boxBetween(at(1.2, 3.9), at(9, 11), 4), box(0, 4, 8, 8));
  assert.deepEqual(boxBetween(at(5, 5), at(5.5, 5.5), 4), box(4, 4, 4, 4), "a cell at least");
  assert.deepEqual(snapPoint(at(5, 6.1), 4), at(4, 8));
  assert.deepEqual(snapPoint(at(5, 6.1), 0), at(5, 6.1));
});

test("a box is cut at the border of the canvas", () => {
  assert.deepEqual(clipBox(SQUARE, { left: -2, top: 14, width: 5, height: 5 }),
    { left: 0, top: 14, width: 3, height: 2 });
  assert.equal(clipBox(SQUARE, { left: 16, top: 0, width: 5, height: 5 }), null);
});

test("what is cut out and put back leaves the canvas as it was", () => {
  const map = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => (i * 7) % 12);
  const piece = cutPiece(map, SQUARE, { left: 3, top: 5, width: 6, height: 4 });
  const copy = map.slice();
  putPiece(copy, SQUARE, piece, 3, 5);
  assert.deepEqual(copy, map);
  putPiece(copy, SQUARE, piece, 9, 5);
  assert.equal(copy[6 * SIZE + 10], map[6 * SIZE + 4]);
});

test("a piece beyond the border is cut there and does not wrap round", () => {
  const piece = { width: 4, height: 4, ids: new Uint8Array(16).fill(5) };
  for (const [left, top, visible] of [[-2, -2, 4], [14, 3, 8], [-4, 0, 0], [3, 16, 0]]) {
    const map = blank();
    putPiece(map, SQUARE, piece, left, top);
    assert.equal(count(map, 5), visible);
  }
});

test("a mirrored box lies across the middle, and twice mirrored where it was", () => {
  const box = { left: 1, top: 2, width: 3, height: 2 };
  assert.deepEqual(mirrorBox(SQUARE, box), { ...box, left: 12 });
  assert.deepEqual(mirrorBox(SQUARE, mirrorBox(SQUARE, box)), box);
});

test("a layer with its mirror image is symmetric, across the middle too", () => {
  for (const nearLeft of [true, false]) {
    const map = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => i % 2);
    const before = map.slice();
    const layer = new Uint8Array(SIZE * SIZE).fill(255);
    const piece = { width: 3, height: 2, ids: Uint8Array.of(4, 5, 6, 7, 8, 9) };
    const lefts = nearLeft ? [1, 6, 8] : [12, 7, 5]; // one near, two that meet their own image
    for (const left of lefts) putPiece(layer, SQUARE, piece, left, 3);
    pasteMirrored(map, SQUARE, layer, nearLeft);
    for (const y of [3, 4]) {
      const row = map.subarray(y * SIZE, (y + 1) * SIZE);
      for (let x = 0; x < SIZE; x++) if (row[x] > 3) assert.equal(row[x], row[SIZE - 1 - x]);
    }
    const near = lefts[0] + 3 * SIZE;
    assert.deepEqual([...map.subarray(near, near + 3)], [4, 5, 6], "as it was put there");
    map.fill(0, 3 * SIZE, 5 * SIZE);
    before.fill(0, 3 * SIZE, 5 * SIZE);
    assert.deepEqual(map, before, "nothing else is touched");
  }
});

test("what is taken away leaves the wall, and the wall leaves the sky", () => {
  const map = blank();
  fillRect(map, SQUARE, 2, 2, 13, 13, FACADE);
  fillRect(map, SQUARE, 4, 4, 6, 6, 2);
  clearBox(map, SQUARE, { left: 0, top: 0, width: 8, height: 8 });
  assert.equal(count(map, 2), 0);
  assert.equal(map[5 * SIZE + 5], FACADE);
  assert.equal(map[0], BACKGROUND);
  clearBox(map, SQUARE, { left: 3, top: 3, width: 2, height: 2 });
  assert.equal(map[3 * SIZE + 3], BACKGROUND);
});

test("copies stand at even distances and the last is where the hand is", () => {
  const steps = repeatSteps({ width: 10, height: 10 }, 5, 60, -30);
  const columns = [...new Set(steps.map(([x]) => x))];
  assert.deepEqual(columns.sort((a, b) => a - b), [0, 15, 30, 45, 60]);
  assert.deepEqual([...new Set(steps.map(([, y]) => y))].sort((a, b) => b - a), [0, -15, -30]);
  assert.equal(steps.length, 5 * 3 - 1, "all but the one that is there");
  assert.deepEqual(steps.at(-1), [60, -30]);
});

test("a hand that has hardly moved makes no copies, and one row stays a row", () => {
  assert.deepEqual(repeatSteps({ width: 10, height: 10 }, 4, 3, -3), []);
  assert.deepEqual(repeatSteps({ width: 10, height: 10 }, 4, 28, 3), [[14, 0], [28, 0]]);
});

test("an element is found with what adjoins it, but not with the band that it stands on", () => {
  const map = blank().fill(FACADE);
  fillRect(map, SQUARE, 3, 4, 6, 8, 2); // window
  fillRect(map, SQUARE, 2, 9, 7, 9, 5); // its sill
  fillRect(map, SQUARE, 0, 10, 15, 11, 9); // a molding all along
  fillRect(map, SQUARE, 10, 4, 13, 9, 2);
  assert.deepEqual(elementBox(map, SQUARE, 4, 5), { left: 2, top: 4, width: 6, height: 6 });
  assert.deepEqual(elementBox(map, SQUARE, 0, 10), { left: 0, top: 10, width: 16, height: 2 });
  assert.equal(elementBox(map, SQUARE, 0, 0), null, "the wall is no element");
  assert.equal(elementBox(map, SQUARE, -1, 5), null);
});

test("ids survive the wire", async () => {
  const map = Uint8Array.from({ length: 65536 }, (_, i) => (i * i) % 12);
  assert.deepEqual(await unpackIds(await packIds(map)), map);
  assert.deepEqual(fromBase64(toBase64(map)), map);
});

test("the queue keeps one request under way and ends on the newest state", () => {
  const sent = [];
  let state = 0;
  const queue = new LatestOnlyQueue({ send: (id) => sent.push([id, state]), onWaiting() {} });
  for (state = 1; state <= 5; state++) queue.request();
  state = 5;
  assert.deepEqual(sent, [[1, 1]]);
  queue.answered(99);
  assert.equal(sent.length, 1, "an answer to something else does not count");
  queue.answered(1);
  assert.deepEqual(sent, [[1, 1], [2, 5]]);
  queue.failed();
  assert.equal(sent.length, 2, "nothing new to send after a failure");
});

test("a hand that rests is answered at once, but not at the cost of the answer before", () => {
  const sent = [];
  const queue = new LatestOnlyQueue({ send: (id) => sent.push(id), onWaiting() {} });
  queue.request();
  queue.flush();
  assert.deepEqual(sent, [1], "nothing is new");
  queue.request();
  queue.flush();
  assert.deepEqual(sent, [1, 2], "sent although the first is under way");
  queue.answered(1);
  queue.request();
  queue.flush();
  assert.deepEqual(sent, [1, 2], "what was flushed is not overtaken");
  queue.answered(2);
  assert.deepEqual(sent, [1, 2, 3]);
  queue.request();
  queue.flush();
  assert.deepEqual(sent, [1, 2, 3, 4], "a later one is flushed again");
  queue.failed(); // or its timer holds the process
});

test("only the newest request's failure is told, and the next one waits a little", async () => {
  const told = [];
  const ends = [];
  const queue = new LatestOnlyQueue({
    send: (id) => new Promise((_, reject) => { ends[id] = () => reject(new Error(`no ${id}`)); }),
    onWaiting() {},
    onFailure: (error) => told.push(error.message),
  });
  queue.request();
  queue.request();
  queue.flush();
  ends[1]();
  await new Promise(setImmediate);
  assert.deepEqual(told, [], "the second is under way");
  assert.ok(queue.inFlight);
  ends[2]();
  await new Promise(setImmediate);
  assert.deepEqual(told, ["no 2"]);
  queue.request();
  queue.flush();
  assert.equal(ends.length, 3, "it is not asked again at once");
  await new Promise((resolve) => { setTimeout(resolve, 600); });
  assert.equal(ends.length, 4, "but after a while");
  queue.failed();
});

// ---- canvases that are no squares ----

const WIDE = { width: 24, height: 8 };
const TALL = { width: 8, height: 24 };
const empty = ({ width, height }) => new Uint8Array(width * height);

const both = (act) => { for (const shape of [WIDE, TALL]) act(shape, empty(shape)); };

test("a rectangle reaches all four corners of a canvas that is no square, and no further", () => {
  both((shape, map) => {
    fillRect(map, shape, -3, -3, 99, 99, 5);
    assert.equal(count(map, 5), shape.width * shape.height);
    const corner = empty(shape);
    fillRect(corner, shape, shape.width - 2, shape.height - 3, 99, 99, 5);
    assert.equal(count(corner, 5), 2 * 3);
    assert.equal(corner.at(-1), 5);
  });
});

test("there a brush paints where it is, and does not wrap round an edge", () => {
  both((shape, map) => {
    const [x, y] = [shape.width - 1, shape.height - 2];
    strokeSegment(map, shape, at(x + 0.5, y + 0.5), at(x + 0.5, y + 0.5), 1, ink(2));
    assert.equal(map[y * shape.width + x], 2);
    strokeSegment(map, shape, at(shape.width + 1, 2), at(shape.width + 1, 5), 4, ink(9));
    for (let row = 0; row < shape.height; row++) assert.equal(map[row * shape.width], 0);
  });
});

test("there a fill covers its region, down to the last row", () => {
  both((shape, map) => {
    fillRect(map, shape, 0, 3, shape.width - 1, 3, 1);
    assert.ok(floodFill(map, shape, shape.width - 1, shape.height - 1, 6));
    assert.equal(count(map, 6), shape.width * (shape.height - 4));
    assert.equal(floodFill(map, shape, 0, shape.height, 7), false);
    assert.equal(floodFill(map, shape, shape.width, 0, 7), false);
  });
});

test("there a piece is cut, put back elsewhere and mirrored without a slant", () => {
  both((shape, map) => {
    fillRect(map, shape, 1, 2, 2, 5, 4);
    const piece = cutPiece(map, shape, { left: 1, top: 2, width: 2, height: 4 });
    assert.ok(piece.ids.every((id) => id === 4));
    const box = mirrorBox(shape, { left: 1, top: 2, width: 2, height: 4 });
    putPiece(map, shape, piece, box.left, box.top);
    for (let i = 0; i < map.length; i++) {
      const x = i % shape.width;
      assert.equal(map[i], map[i - 2 * x + shape.width - 1]);
    }
    assert.equal(count(map, 4), 2 * 8);
    assert.deepEqual(clipBox(shape, { left: -2, top: -2, width: 99, height: 99 }),
      { left: 0, top: 0, ...shape });
    assert.deepEqual(elementBox(map, shape, box.left, box.top),
      { ...box, width: 2, height: 4 });
  });
});

test("there undo and redo travel the same road, and a mirrored layer is symmetric", () => {
  both((shape, map) => {
    const history = new MapHistory(shape);
    const before = map.slice();
    strokeSegment(map, shape, at(1, 1), at(shape.width - 1, shape.height - 1), 2, ink(3));
    const after = map.slice();
    history.commit(before, after);
    history.undo(map);
    assert.deepEqual(map, before);
    history.redo(map);
    assert.deepEqual(map, after);
    const layer = empty(shape).fill(255);
    putPiece(layer, shape, { width: 2, height: 1, ids: Uint8Array.of(6, 7) }, 0, 5);
    pasteMirrored(map, shape, layer, true);
    const row = [...map.subarray(5 * shape.width, 6 * shape.width)];
    assert.deepEqual([row.slice(0, 2), row.slice(-2)], [[6, 7], [7, 6]]);
  });
});

test("a bare wall has the shape of its canvas", () => {
  both((shape) => {
    const wall = bareWall(shape);
    assert.equal(wall.length, shape.width * shape.height);
    const { left, top, width, height } = difference(empty(shape), wall, shape);
    assert.ok(left >= 0 && top > 0 && width > shape.width * 0.8 && height > shape.height * 0.7);
  });
});

test("a step to a sheet of another shape is undone and done again, between steps of its own", () => {
  const [square, tall] = [{ width: 2, height: 2 }, { width: 1, height: 3 }];
  const history = new MapHistory(square);
  const first = Uint8Array.of(0, 0, 0, 5);
  history.commit(new Uint8Array(4), first);
  history.commitSheet({ map: first, shape: square }, { map: new Uint8Array(3), shape: tall });
  const map = Uint8Array.of(0, 7, 0);
  history.commit(new Uint8Array(3), map);
  assert.equal(history.undo(map), true);
  assert.deepEqual([...map], [0, 0, 0]);
  const before = history.undo(map);
  assert.deepEqual(before, { map: first, shape: square });
  const old = before.map.slice();
  assert.equal(history.undo(old), true);
  assert.deepEqual([...old], [0, 0, 0, 0]);
  assert.equal(history.redo(old), true);
  assert.deepEqual(history.redo(old), { map: new Uint8Array(3), shape: tall });
  assert.equal(history.redo(map), true);
  assert.deepEqual([...map], [0, 7, 0]);
});
