// Run by test_labelmap_js.py with `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { LatestOnlyQueue } from "../../assets/js/core/latest_only_queue.js";

const settle = () => new Promise((resolve) => { setImmediate(resolve); });

/** A queue to a server that can be out of reach, and what it did. */
function line({ isTransient = true } = {}) {
  const seen = { sent: [], told: [], reach: false };
  seen.queue = new LatestOnlyQueue({
    send: async (id) => {
      seen.sent.push(id);
      if (!seen.reach) throw Object.assign(new Error("out of reach"), { isTransient });
      seen.queue.answered(id);
    },
    onWaiting() {},
    onFailure: (error) => seen.told.push(error.message),
  });
  return seen;
}

async function pass(timers, milliseconds) {
  for (let passed = 0; passed < milliseconds; passed += 250) {
    timers.tick(250);
    await settle();
  }
}

test("what could not be sent is sent when there is a network again, and told once", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const seen = line();
  seen.queue.request();
  await settle();
  await pass(t.mock.timers, 1000);
  assert.deepEqual([seen.sent.length, seen.told], [1, ["out of reach"]]);
  seen.reach = true;
  seen.queue.retryNow();
  await settle();
  assert.equal(seen.sent.length, 2);
  await pass(t.mock.timers, 100_000);
  assert.equal(seen.sent.length, 2, "and not again");
  seen.queue.retryNow();
  await settle();
  assert.equal(seen.sent.length, 2, "nothing waits");
});

test("a network that comes back at once finds the newest state still unsent", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const seen = line();
  seen.queue.request();
  await settle();
  seen.reach = true;
  seen.queue.retryNow(); // while it rests after the failure
  await pass(t.mock.timers, 1000);
  assert.equal(seen.sent.length, 2);
});

test("without word of a network it is tried more and more seldom", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const seen = line();
  seen.queue.request();
  await settle();
  await pass(t.mock.timers, 600_000);
  assert.ok(seen.sent.length >= 10 && seen.sent.length <= 16, `${seen.sent.length} in ten minutes`);
  assert.deepEqual(seen.told, ["out of reach"]);
  seen.reach = true;
  await pass(t.mock.timers, 61_000);
  const { length } = seen.sent;
  await pass(t.mock.timers, 200_000);
  assert.equal(seen.sent.length, length);
  seen.reach = false;
  seen.queue.request();
  await settle();
  assert.equal(seen.told.length, 2, "another outage is told again");
});

test("what was refused for good is not sent again by itself", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const seen = line({ isTransient: false });
  seen.queue.request();
  await settle();
  await pass(t.mock.timers, 200_000);
  seen.queue.retryNow();
  await settle();
  assert.equal(seen.sent.length, 1);
  seen.queue.request();
  await settle();
  assert.deepEqual([seen.sent.length, seen.told.length], [2, 2]);
});
