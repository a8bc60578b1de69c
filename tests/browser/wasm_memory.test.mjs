// Run by test_labelmap_js.py with `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { allowSmallerMemory } from "../../assets/js/engine/wasm_memory.js";

/** A module that imports a shared memory of at most 4 GB, as onnxruntime-web's does. */
const IMPORTING = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 2, 11, 1, 1, 97, 1, 109, 2, 3, 1, 0x80, 0x80, 4,
);

/** A window whose browser reserves the maximum at once, and has room for so many pages. */
const scopeWith = (room) => ({
  WebAssembly: {
    Memory: class extends WebAssembly.Memory {
      constructor(descriptor) {
        if (descriptor.maximum > room) throw new RangeError("Out of memory");
        super(descriptor);
        this.maximum = descriptor.maximum;
      }
    },
  },
});

test("a memory is as large as the browser has room for, and fits the module", () => {
  const scope = scopeWith(10_000);
  allowSmallerMemory(scope);
  const memory = new scope.WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
  assert.equal(memory.maximum, 8192);
  assert.ok(memory instanceof scope.WebAssembly.Memory);
  new WebAssembly.Instance(new WebAssembly.Module(IMPORTING), { a: { m: memory } });
});

test("where there is room the memory is as it was asked for", () => {
  const scope = scopeWith(65536);
  allowSmallerMemory(scope);
  assert.equal(new scope.WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true }).maximum, 65536);
});

test("a browser without room for the first pages, and a wrong description, fail as before", () => {
  const scope = scopeWith(-1); // none, not even for the empty memory that emscripten tries
  allowSmallerMemory(scope);
  assert.throws(() => new scope.WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true }), RangeError);
  assert.throws(() => new scope.WebAssembly.Memory({ initial: 0, maximum: 0, shared: true }), RangeError);
  assert.throws(() => new scope.WebAssembly.Memory({ initial: 2, maximum: 1 }), RangeError);
  assert.throws(() => new scope.WebAssembly.Memory(), TypeError);
});
