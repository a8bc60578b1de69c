// What the engine needs of a browser.

const NEEDED = "please use Chrome or Edge 108, Firefox 121, Safari 16.4, or a newer one";
/** A module with one function that computes with i8x16.popcnt. */
const SIMD_MODULE = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
);

/** A message where the browser cannot run the models; "" where it can. `scope`: the window or the worker. */
export function unsupported(scope = globalThis) {
  const missing = ["WebAssembly", "DecompressionStream", "OffscreenCanvas"].find((name) => !(name in scope));
  const lacks = missing ?? (scope.WebAssembly.validate(SIMD_MODULE) ? "" : "WebAssembly SIMD");
  if (!lacks) return "";
  return `This browser cannot make pictures here: it has no ${lacks}, or a setting turns it off. To draw, ${NEEDED}.`;
}
