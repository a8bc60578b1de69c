// Run by test_labelmap_js.py with `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { StrokeSmoother } from "../../assets/js/canvas/stroke_smoother.js";

/** The points of a smoothed stroke along x, with y from a function. */
function smoothed(heightAt, { length = 6, step = 1, width = 100 } = {}) {
  const smoother = new StrokeSmoother({ x: 0, y: heightAt(0) }, length);
  const points = [];
  for (let x = step; x <= width; x += step) points.push(...smoother.follow({ x, y: heightAt(x) }));
  return { points, end: smoother.finish() };
}

/** How far the heights of the points are from the mean of their neighbours. */
function roughness(points) {
  const bends = points.slice(2).map((point, i) => Math.abs(points[i].y + point.y - 2 * points[i + 1].y));
  return bends.reduce((sum, bend) => sum + bend, 0) / bends.length;
}

test("a trembling line becomes calm, and a straight one stays where it is", () => {
  const tremble = (x) => 50 + (Math.round(x) % 2 ? 1.5 : -1.5);
  const { points } = smoothed(tremble);
  assert.ok(roughness(points.slice(20)) < 0.2, `${roughness(points)}`);
  for (const { y } of points.slice(20)) assert.ok(Math.abs(y - 50) < 0.6, `${y}`);
  for (const { y } of smoothed(() => 50).points) assert.ok(Math.abs(y - 50) < 1e-9);
});

test("the brush stays near the pointer and ends where it was lifted", () => {
  const { points, end } = smoothed(() => 20, { length: 6 });
  const lag = 100 - points.at(-1).x;
  assert.ok(lag > 4 && lag < 7, `${lag}`);
  assert.deepEqual(end, { x: 100, y: 20 });
  assert.ok(points.every(({ x }, i) => !i || x > points[i - 1].x), "it never goes back");
});

test("a stroke is the same, however often the pointer is read", () => {
  const slope = (x) => 10 + 0.4 * x;
  const [seldom, often] = [10, 0.5].map((step) => smoothed(slope, { step }).points.at(-1));
  assert.ok(Math.hypot(seldom.x - often.x, seldom.y - often.y) < 0.3, `${seldom.x} ${often.x}`);
});

test("points keep the pressure of the pen", () => {
  const smoother = new StrokeSmoother({ x: 0, y: 0, pressure: 0.2 }, 4);
  assert.deepEqual(smoother.follow({ x: 3, y: 0, pressure: 0.7 }).map(({ pressure }) => pressure), [0.7, 0.7, 0.7]);
  assert.deepEqual(smoother.follow({ x: 3, y: 0, pressure: 0.7 }), [], "a pointer at rest paints nothing");
});
