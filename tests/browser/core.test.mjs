// Run by test_labelmap_js.py with `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { h } from "../../assets/js/core/dom.js";
import { describeFirst } from "../../assets/js/core/file_input.js";
import { mapInTasks, nextTask } from "../../assets/js/core/next_task.js";
import { UndoStack } from "../../assets/js/core/undo_stack.js";
import { downloadZip } from "../../assets/js/vendor/client-zip.js";

/** As much of an element as `h` uses. */
function fakeElement(tag) {
  return {
    tag, attributes: {}, properties: {}, dataset: {}, listeners: {}, children: [],
    style: { setProperty(name, value) { this[name] = value; } },
    setAttribute(name, value) { this.attributes[name] = value; },
    addEventListener(event, listener) { this.listeners[event] = listener; },
    append(...children) { this.children.push(...children); },
  };
}

test("an element gets its properties, attributes, styles, listeners and children", (t) => {
  globalThis.document = { createElement: fakeElement };
  t.after(() => { delete globalThis.document; });
  const onClick = () => {};
  const child = h("b");
  const node = h("button", {
    class: "st-button", type: "button", role: "switch", "aria-label": "Live", title: undefined,
    dataset: { tip: "A tip" }, style: { width: "1px", "--part": "5%" }, on: { click: onClick },
  }, "text", [child, null, false, ""], undefined);
  assert.deepEqual([node.tag, node.className, node.type], ["button", "st-button", "button"]);
  assert.deepEqual(node.attributes, { role: "switch", "aria-label": "Live" });
  assert.ok(!("title" in node));
  assert.deepEqual(node.dataset, { tip: "A tip" });
  assert.deepEqual([node.style.width, node.style["--part"]], ["1px", "5%"]);
  assert.equal(node.listeners.click, onClick);
  assert.deepEqual(node.children, ["text", child]);
});

test("steps are undone from the newest and redone in their order", () => {
  const stack = new UndoStack();
  assert.deepEqual([stack.canUndo, stack.canRedo, stack.undo(), stack.redo()], [false, false, undefined, undefined]);
  for (const step of ["a", "b", "c"]) stack.push(step);
  assert.equal(stack.last, "c");
  assert.deepEqual([stack.undo(), stack.undo(), stack.redo(), stack.redo()], ["c", "b", "b", "c"]);
  stack.undo();
  stack.push("d");
  assert.equal(stack.canRedo, false);
  assert.deepEqual([stack.undo(), stack.undo(), stack.undo(), stack.canUndo], ["d", "b", "a", false]);
});

test("a step takes the place of the last one, or removes it", () => {
  const stack = new UndoStack();
  for (const step of ["a", "b"]) stack.push(step);
  stack.replaceLast("c");
  assert.equal(stack.last, "c");
  stack.replaceLast(null);
  assert.deepEqual([stack.undo(), stack.canUndo], ["a", false]);
});

test("beyond its limit a stack forgets the oldest steps", () => {
  const stack = new UndoStack(3);
  for (let i = 0; i < 9; i += 1) stack.push(i);
  const undone = [];
  while (stack.canUndo) undone.push(stack.undo());
  assert.deepEqual(undone, [8, 7, 6]);
});

test("of several files the one that is opened is named", () => {
  assert.equal(describeFirst([]), "");
  assert.equal(describeFirst([{ name: "a.png" }]), "");
  const files = [{ name: "a.png" }, { name: "b.png" }];
  assert.equal(describeFirst(files, ": why"), "a.png is opened, the first of 2 files: why");
});

test("the vendored ZIP writer stores files that come one after the other", async () => {
  async function* files() {
    yield { name: "a.png", input: new Blob([Uint8Array.of(1, 2, 3)]) };
    yield { name: "größe.png", input: new Blob([new Uint8Array(70_000).fill(7)]) };
  }
  const blob = await downloadZip(files()).blob();
  const bytes = Buffer.from(await blob.arrayBuffer());
  assert.equal(blob.type, "application/zip");
  const end = bytes.subarray(-22);
  assert.equal(end.readUInt32LE(0), 0x06054b50);
  assert.equal(end.readUInt16LE(10), 2);
  const directory = end.readUInt32LE(16);
  assert.equal(bytes.readUInt32LE(directory), 0x02014b50);
  assert.equal(bytes.readUInt32LE(directory + 20), 3, "as many bytes as it has: stored");
  assert.ok(bytes.includes(Buffer.from("größe.png")));
});

test("between two pieces of work there is a task for what waits, such as an input event", async () => {
  const log = [];
  const results = await mapInTasks([1, 2], (n) => {
    log.push(`work ${n}`);
    setTimeout(() => log.push(`event ${n}`));
    return 10 * n;
  });
  await nextTask();
  assert.deepEqual(results, [10, 20]);
  assert.deepEqual(log, ["work 1", "event 1", "work 2", "event 2"]);
});

test("a browser that can go on right after the events that wait does so", async (t) => {
  let count = 0;
  globalThis.scheduler = { yield: async () => { count += 1; } };
  t.after(() => { delete globalThis.scheduler; });
  await nextTask();
  assert.equal(count, 1);
});
