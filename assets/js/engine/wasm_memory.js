// Memory of WebAssembly on devices that cannot reserve as much as a runtime asks for.
// No DOM: runs under Node too.

/**
 * Lets `new WebAssembly.Memory()` take a smaller maximum where the browser refuses the one asked for.
 * onnxruntime-web asks for a shared memory that may grow to 4 GB, although our models need less than half a
 * GB; iOS reserves all of it at once and fails (https://github.com/emscripten-core/emscripten/issues/19144).
 */
export function allowSmallerMemory(scope = globalThis) {
  scope.WebAssembly.Memory = new Proxy(scope.WebAssembly.Memory, {
    construct(Memory, [descriptor]) { return allocate(Memory, descriptor); },
  });
}

function allocate(Memory, descriptor) {
  try {
    return new Memory(descriptor);
  } catch (error) {
    const maximum = Math.floor(descriptor?.maximum / 2);
    const isSmaller = maximum >= descriptor?.initial && maximum < descriptor.maximum;
    if (!(error instanceof RangeError) || !isSmaller) throw error;
    return allocate(Memory, { ...descriptor, maximum });
  }
}
