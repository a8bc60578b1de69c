// How class ids travel: zlib, then base64. A facade of 65,536 ids is about 1.5 kB that way.
// No DOM: runs under Node too.

async function through(transform, bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(transform);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export function toBase64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}

export function fromBase64(text) { return Uint8Array.from(atob(text), (c) => c.charCodeAt(0)); }

export async function packIds(map) {
  return toBase64(await through(new CompressionStream("deflate"), map));
}

export async function unpackIds(text) {
  return through(new DecompressionStream("deflate"), fromBase64(text));
}
