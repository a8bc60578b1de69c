// Run by test_labelmap_js.py with `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { zoomKeyOf } from "../../assets/js/canvas/keyboard_layout.js";
import {
  FIT, MAX_ZOOM, clampView, moveGrip, reveal, wheelFactor, zoomAt,
} from "../../assets/js/canvas/viewport.js";

/** The spot of the sheet, 0 to 1, that a view shows at a position of the frame. */
const spotAt = (view, { x, y }) => [(x - view.x) / view.zoom, (y - view.y) / view.zoom];

function assertNear(found, expected) {
  found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-9, `${found} is not ${expected}`));
}

test("zooming keeps the spot under the pointer, up to eightfold and back", () => {
  for (const point of [{ x: 0.3, y: 0.8 }, { x: 0, y: 1 }, { x: 0.5, y: 0.5 }]) {
    let view = FIT;
    for (let i = 0; i < 9; i += 1) {
      const next = zoomAt(view, 1.3, point);
      assertNear(spotAt(next, point), spotAt(view, point));
      view = next;
    }
    assert.equal(view.zoom, MAX_ZOOM);
    assert.deepEqual(zoomAt(view, 1.3, point), view);
    for (let i = 0; i < 12; i += 1) view = zoomAt(view, 1 / 1.3, point);
    assert.deepEqual(view, FIT);
  }
});

test("what is under two fingers stays under their middle while they pinch and move", () => {
  const view = zoomAt(FIT, 4, { x: 0.5, y: 0.5 });
  const [from, to] = [{ x: 0.5, y: 0.4, spread: 100 }, { x: 0.6, y: 0.45, spread: 150 }];
  const next = moveGrip(view, from, to);
  assert.equal(next.zoom, 6);
  assertNear(spotAt(next, to), spotAt(view, from));
});

test("one finger pans and does not zoom", () => {
  const view = zoomAt(FIT, 4, { x: 0.5, y: 0.5 });
  const next = moveGrip(view, { x: 0.5, y: 0.5, spread: 0 }, { x: 0.7, y: 0.4, spread: 0 });
  assertNear([next.zoom, next.x, next.y], [4, view.x + 0.2, view.y - 0.1]);
});

test("a sheet that fits cannot be moved, and a larger one covers most of its frame", () => {
  assert.deepEqual(moveGrip(FIT, { x: 0, y: 0, spread: 0 }, { x: 0.5, y: 0.5, spread: 0 }), FIT);
  assert.deepEqual(clampView({ zoom: 0.4, x: 0.3, y: 0 }), FIT);
  assert.deepEqual(clampView({ zoom: NaN, x: 0, y: 0 }), FIT);
  for (const zoom of [1.05, 1.5, 8]) {
    for (const far of [-100, 100]) {
      const { x, y } = clampView({ zoom, x: far, y: -far });
      for (const edge of [x, y]) assert.ok(edge <= 0.2 + 1e-9 && edge + zoom >= 0.8 - 1e-9, `${edge} at ${zoom}`);
    }
  }
});

test("the wheel zooms in upwards, alike in pixels, lines and pages, and never by leaps", () => {
  assert.ok(wheelFactor({ deltaY: -100 }) > 1.15 && wheelFactor({ deltaY: -100 }) < 1.3);
  assertNear([wheelFactor({ deltaY: -5, deltaMode: 1 })], [wheelFactor({ deltaY: -80 })]);
  assertNear([wheelFactor({ deltaY: 90 }) * wheelFactor({ deltaY: -90 })], [1]);
  assert.ok(wheelFactor({ deltaY: -1e6, deltaMode: 2 }) < 1.6);
  assert.ok(wheelFactor({ deltaY: -4, ctrlKey: true }) > wheelFactor({ deltaY: -4 }));
});

test("a spot out of sight is brought into it, and one in sight moves nothing", () => {
  const view = zoomAt(FIT, 4, { x: 0, y: 0 });
  assert.deepEqual(reveal(view, { x: 0.1, y: 0.1 }), view);
  const moved = reveal(view, { x: 0.9, y: 0.6 });
  const at = (spot, edge) => edge + spot * moved.zoom;
  assertNear([at(0.9, moved.x), at(0.6, moved.y)], [0.92, 0.92]);
});

test("zoom has keys on every keyboard, and none that a class or a browser has", () => {
  const shifted = (key, code) => zoomKeyOf({ key, code, shiftKey: true });
  assert.deepEqual([["+", "Equal"], ["_", "Minus"], [")", "Digit0"]].map((k) => shifted(...k)), ["+", "-", "0"]);
  assert.deepEqual([["_", "Slash"], ["?", "Minus"], ["=", "Digit0"]].map((k) => shifted(...k)), ["-", "", ""]); // QWERTZ
  assert.deepEqual([["+", "NumpadAdd"], ["-", "NumpadSubtract"]].map(([key, code]) => zoomKeyOf({ key, code })),
    ["+", "-"]);
  for (const [key, code] of [["-", "Minus"], ["=", "Equal"], ["0", "Digit0"], ["+", "BracketRight"]]) {
    assert.equal(zoomKeyOf({ key, code }), "");
  }
  assert.equal(zoomKeyOf({ key: "+", code: "NumpadAdd", ctrlKey: true }), "");
});
