// Run by test_labelmap_js.py with `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PointerArbiter } from "../../assets/js/canvas/pointer_arbiter.js";
import { brushAt } from "../../assets/js/canvas/tools.js";

const at = (id, type, x, y = 0, time = 0) => ({ id, type, x, y, time });
const touch = (id, x, y = 0, time = 0) => at(id, "touch", x, y, time);
const names = (commands) => commands.map(([name]) => name);

/** An arbiter of which a pen is known. */
function withPen() {
  const arbiter = new PointerArbiter();
  arbiter.notePen();
  return arbiter;
}

test("the left button and a pen draw from where they are put down", () => {
  for (const type of ["mouse", "pen"]) {
    const arbiter = new PointerArbiter();
    const first = at(1, type, 10);
    assert.deepEqual(arbiter.down(first), [["begin", first]]);
    const way = [at(1, type, 11), at(1, type, 12)];
    assert.deepEqual(arbiter.move(way), [["follow", way]]);
    assert.deepEqual(arbiter.move([at(2, type, 50)]), []); // another pointer
    assert.deepEqual(arbiter.up(at(1, type, 12)), [["finish", 1]]);
    assert.equal(arbiter.isBusy, false);
  }
});

test("the right button does nothing, and the middle one pans", () => {
  const arbiter = new PointerArbiter();
  assert.deepEqual(arbiter.down(at(1, "mouse", 0), { button: 2 }), []);
  assert.equal(arbiter.isBusy, false);
  assert.deepEqual(arbiter.down(at(1, "mouse", 0), { button: 1 }), []);
  assert.deepEqual(arbiter.move([at(1, "mouse", 3)]), [["grip", { x: 0, y: 0, spread: 0 }, { x: 3, y: 0, spread: 0 }]]);
  assert.deepEqual(arbiter.up(at(1, "mouse", 3)), []);
});

test("a finger's stroke starts once it moves, where it was put down", () => {
  const arbiter = new PointerArbiter();
  const [first, near, far] = [touch(1, 0), touch(1, 3), touch(1, 9)];
  assert.deepEqual(arbiter.down(first), []);
  assert.deepEqual(arbiter.move([near]), []);
  assert.deepEqual(arbiter.move([far]), [["begin", first], ["follow", [near, far]]]);
  assert.deepEqual(arbiter.up(far), [["finish", 1]]);
});

test("a tap of a finger is a stroke too", () => {
  const arbiter = new PointerArbiter();
  arbiter.down(touch(1, 4));
  assert.deepEqual(arbiter.up(touch(1, 4)), [["begin", touch(1, 4)], ["finish", 1]]);
});

test("two fingers pinch and draw nothing, however they are put down and lifted", () => {
  const arbiter = new PointerArbiter();
  const commands = [
    arbiter.down(touch(1, 0)), arbiter.down(touch(2, 100)),
    arbiter.move([touch(2, 150)]), arbiter.move([touch(1, -50)]),
    arbiter.up(touch(1, -50)), arbiter.move([touch(2, 160)]), arbiter.up(touch(2, 160)),
  ];
  assert.deepEqual(commands.map(names), [[], [], ["grip"], ["grip"], [], ["grip"], []]);
  assert.deepEqual(commands[2][0].slice(1), [{ x: 50, y: 0, spread: 100 }, { x: 75, y: 0, spread: 150 }]);
  assert.deepEqual(commands[5][0].slice(1), [{ x: 150, y: 0, spread: 0 }, { x: 160, y: 0, spread: 0 }]);
  assert.equal(arbiter.isBusy, false);
});

test("a stroke that has just begun is dropped for a second finger, an older one goes on", () => {
  const young = new PointerArbiter();
  young.down(touch(1, 0));
  young.move([touch(1, 20, 0, 100)]);
  assert.deepEqual(young.down(touch(2, 90, 0, 200)), [["cancel", 1]]);
  assert.deepEqual(names(young.move([touch(2, 99)])), ["grip"]);
  for (const [x, time] of [[200, 100], [20, 900]]) {
    const old = new PointerArbiter();
    old.down(touch(1, 0));
    old.move([touch(1, x, 0, time)]);
    assert.deepEqual(old.down(touch(2, 90, 0, time)), []);
    assert.deepEqual(old.move([touch(2, 99)]), []);
    assert.deepEqual(names(old.move([touch(1, 30)])), ["follow"]);
  }
});

test("after a pen was seen fingers pan, unless they are to draw", () => {
  const arbiter = withPen();
  assert.deepEqual([arbiter.down(touch(1, 0)), arbiter.move([touch(1, 30)]), arbiter.up(touch(1, 30))].map(names),
    [[], ["grip"], []]);
  arbiter.fingersDraw = true;
  arbiter.down(touch(1, 0));
  assert.deepEqual(names(arbiter.move([touch(1, 30)])), ["begin", "follow"]);
});

test("a pen takes the sheet from the palm that lies on it", () => {
  const arbiter = new PointerArbiter();
  arbiter.down(touch(1, 0));
  arbiter.move([touch(1, 30)]); // the palm draws: no pen is known yet
  const pen = at(2, "pen", 50);
  assert.deepEqual(arbiter.down(pen), [["cancel", 1], ["begin", pen]]);
  assert.deepEqual(arbiter.move([touch(1, 40)]), []);
  assert.deepEqual([arbiter.down(touch(3, 60)), arbiter.move([touch(3, 90)])], [[], []]);
  assert.deepEqual(names(arbiter.move([at(2, "pen", 55)])), ["follow"]);
  assert.deepEqual(arbiter.up(touch(1, 40)), []);
  assert.deepEqual(arbiter.up(at(2, "pen", 55)), [["finish", 2]]);
});

test("a hand drags, and a click of it is a tap", () => {
  const arbiter = new PointerArbiter();
  const isHand = true;
  arbiter.down(at(1, "mouse", 5), { isHand });
  assert.deepEqual(arbiter.move([at(1, "mouse", 8)]), []);
  assert.deepEqual(arbiter.up(at(1, "mouse", 8)), [["tap", at(1, "mouse", 8)]]);
  arbiter.down(at(1, "mouse", 5), { isHand });
  assert.deepEqual(names(arbiter.move([at(1, "mouse", 25)])), ["grip"]);
  assert.deepEqual(arbiter.up(at(1, "mouse", 5)), []);
});

test("a pointer that the browser takes away leaves no stroke", () => {
  const arbiter = new PointerArbiter();
  arbiter.down(touch(1, 0));
  assert.deepEqual(arbiter.cancel(1), []);
  arbiter.down(touch(1, 0));
  arbiter.move([touch(1, 30)]);
  assert.deepEqual(arbiter.cancel(1), [["cancel", 1]]);
  assert.equal(arbiter.isBusy, false);
});

test("a pen's pressure sets the brush's width where it is to, and no other pointer's does", () => {
  const canvas = { brush: 20, pressure: true };
  assert.deepEqual([0, 0.25, 1].map((pressure) => brushAt(canvas, { pressure })), [1, 10, 20]);
  assert.equal(brushAt(canvas, {}), 20);
  assert.equal(brushAt({ ...canvas, pressure: false }, { pressure: 0.25 }), 20);
});
