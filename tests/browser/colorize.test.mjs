// Run by test_labelmap_js.py with `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  addHint, colored, describeHint, moveHint, readHints, recolorHint, removeHint, SWATCHES, writeHints,
} from "../../assets/js/colorize/hints.js";
import { ValueHistory } from "../../assets/js/colorize/value_history.js";
import { RequestQueue, NORMAL, HIGH } from "../../assets/js/colorize/request_queue.js";
import { freeName, plainName } from "../../assets/js/core/file_names.js";

import { createPhoto } from "../../assets/js/colorize/photo.js";
import { suggestionRequest } from "../../assets/js/colorize/suggestions.js";

const RED = "#ab3036";
const tick = () => new Promise((resolve) => { setImmediate(resolve); });

test("a name in a ZIP file leads out of no folder and is one that every system takes", () => {
  const names = {
    "../../etc/passwd": "passwd", "C:\\Windows\\win.ini": "win.ini", "/etc/x.png": "x.png",
    "..": "photo", "": "photo", "a/": "photo", " . ": "photo", "a.png. ": "a.png",
    "nul\u0000l\n.png": "nul_l_.png", "<b>: 1|2?.png": "_b__ 1_2_.png", "Öl 1.png": "Öl 1.png",
  };
  for (const [name, plain] of Object.entries(names)) assert.equal(plainName(name), plain);
});

test("a hint outside of the photo is put on its edge", () => {
  assert.deepEqual(addHint([], -0.2, 1.4, RED), [{ x: 0, y: 1, color: RED }]);
  assert.deepEqual(moveHint([{ x: 0.5, y: 0.5, color: RED }], 0, 9, -9)[0], { x: 1, y: 0, color: RED });
});

test("hints are changed in copies, so that the past stays as it was", () => {
  const past = addHint([], 0.1, 0.2, RED);
  const copy = structuredClone(past);
  recolorHint(past, 0, "#000000");
  moveHint(past, 0, 1, 1);
  removeHint(past, 0);
  addHint(past, 0, 0, RED);
  assert.deepEqual(past, copy);
});

test("a marker that waits for its colour is no hint yet", () => {
  const hints = addHint(addHint([], 0.5, 0.5, null), 0.1, 0.1, RED);
  assert.deepEqual(colored(hints), [{ x: 0.1, y: 0.1, color: RED }]);
});

test("a hint is described by its swatch and its place", () => {
  const hints = addHint(addHint([], 0.25, 0.5, SWATCHES[5][1]), 0, 1, "#123456");
  assert.equal(describeHint(hints, 0), "Hint 1 of 2: sky, 25% across, 50% down");
  assert.equal(describeHint(hints, 1), "Hint 2 of 2: #123456, 0% across, 100% down");
});

test("undo and redo go through every step and back", () => {
  const history = new ValueHistory([]);
  for (const value of [[1], [1, 2], [1, 2, 3]]) history.push(value);
  const seen = [];
  while (history.canUndo) {
    history.undo();
    seen.push(history.value.length);
  }
  assert.deepEqual(seen, [2, 1, 0]);
  while (history.canRedo) history.redo();
  assert.deepEqual(history.value, [1, 2, 3]);
});

test("one drag is one step, two drags are two", () => {
  const history = new ValueHistory(0);
  for (const value of [1, 2, 3]) history.push(value, "drag 1");
  for (const value of [4, 5]) history.push(value, "drag 2");
  history.undo();
  assert.equal(history.value, 3);
  history.undo();
  assert.equal(history.value, 0);
  assert.equal(history.canUndo, false);
});

test("a new step forgets what was undone, and does not join what came before", () => {
  const history = new ValueHistory(0);
  history.push(1, "keys 0");
  history.undo();
  history.push(2, "keys 0");
  assert.equal(history.canRedo, false);
  history.undo();
  assert.equal(history.value, 0);
});

test("hints come back from their file as they went", () => {
  const hints = addHint(addHint([], 0.25, 0.5, RED), 0.1, 0.2, null);
  const text = writeHints({ "grandma 1941.jpg": hints, "größe.png": [] });
  assert.deepEqual(readHints(text, 9), {
    "grandma 1941.jpg": [{ x: 0.25, y: 0.5, color: RED }], "größe.png": [],
  });
  assert.deepEqual(readHints('[{"x": 0, "y": 1, "color": "#AB3036"}]', 9), {
    "": [{ x: 0, y: 1, color: RED }],
  });
});

test("a file that holds no hints is refused in words", () => {
  const refused = {
    "{": /not JSON/,
    null: /expected lists/,
    7: /expected lists/,
    '{"a": 1}': /expected lists/,
    "[1]": /has a hint that is not/,
    "[null]": /has a hint that is not/,
    '[{"x": 2, "y": 0, "color": "#000000"}]': /has a hint that is not/,
    '[{"x": "0", "y": 0, "color": "#000000"}]': /has a hint that is not/,
    '[{"x": 0, "y": 0, "color": "red"}]': /has a hint that is not/,
    '[{"x": 0, "y": 0, "color": "#00000000"}]': /has a hint that is not/,
  };
  for (const [text, reason] of Object.entries(refused)) assert.throws(() => readHints(text, 9), reason);
  const many = JSON.stringify(Array(10).fill({ x: 0, y: 0, color: RED }));
  assert.throws(() => readHints(many, 9), /more than 9/);
});

test("of two files with one name the second gets another, whatever the case", () => {
  const taken = new Set();
  const names = ["a.png", "A.png", "a.png", ".jpg", ".jpg", "b", "b"].map((n) => freeName(n, taken));
  assert.deepEqual(names, ["a.png", "A (2).png", "a (3).png", ".jpg", ".jpg (2)", "b", "b (2)"]);
});

/** A queue whose requests a test answers by hand: `sent` are { payload, resolve, reject }. */
function queueByHand() {
  const sent = [];
  const send = (payload) => new Promise((resolve, reject) => {
    sent.push({ payload, resolve, reject });
  });
  return { sent, requests: new RequestQueue(send) };
}

test("one request is in flight at a time, and the one with the highest priority is next", async () => {
  const { sent, requests } = queueByHand();
  const answers = [
    requests.ask({ n: 1 }), requests.ask({ n: 2 }),
    requests.ask({ n: 3 }, { priority: NORMAL }), requests.ask({ n: 4 }, { priority: HIGH }),
  ];
  for (let i = 0; i < 4; i += 1) {
    assert.equal(sent.length, i + 1);
    sent[i].resolve({});
    await tick();
  }
  assert.deepEqual(sent.map(({ payload }) => payload.n), [1, 4, 3, 2]);
  await Promise.all(answers);
});

test("the newest of waiting requests with one name wins; the one in flight is answered", async () => {
  const { sent, requests } = queueByHand();
  const answers = [1, 2, 3].map((n) => requests.ask({ n }, { name: "look" }));
  sent[0].resolve({ of: 1 });
  await tick();
  sent[1].resolve({ of: 3 });
  assert.deepEqual((await Promise.all(answers)).map((a) => a?.of ?? null), [1, null, 3]);
  assert.equal(sent.length, 2);
});

test("a failed request rejects as it failed, and the next request goes on", async () => {
  const { sent, requests } = queueByHand();
  const refused = requests.ask({});
  const last = requests.ask({});
  sent[0].reject(Object.assign(new Error("is empty"), { gone: true }));
  await assert.rejects(refused, (error) => error.message === "is empty" && error.gone === true);
  sent[1].resolve({ ok: true });
  assert.equal((await last).ok, true);
});

test("suggestions are asked for without the hint at their place, and without one there are none", () => {
  const hints = [{ x: 0.1, y: 0.2, color: RED }, { x: 0.5, y: 0.6, color: RED }, { x: 0.9, y: 0.9, color: null }];
  const reference = { colors: "AAAA", strength: 0.5, name: "a.jpg", thumb: "data:," };
  const photo = createPhoto("b.jpg", null, 192, { hints, settings: { reference } });
  assert.equal(suggestionRequest(photo), null);
  photo.selected = 1;
  const { kind, at, hints: others, reference: sent } = suggestionRequest(photo);
  assert.deepEqual({ kind, at, others, sent }, {
    kind: "suggest", at: [0.5, 0.6], others: hints.slice(0, 1), sent: { colors: "AAAA", strength: 0.5 },
  });
});

test("a photo takes no reference from storage that is not one", () => {
  for (const reference of [7, {}, { colors: "A", strength: 2, name: "a", thumb: "" }, { colors: "A", strength: 0.5 }]) {
    assert.equal(createPhoto("b.jpg", null, 192, { settings: { reference } }).reference, null);
  }
});
