// How class ids travel: zlib, then base64. A facade of 65,536 ids is about 1.5 kB that way.
// No DOM: runs under Node too.

async function through(transform, bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(transform);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export async function packIds(map) {
  const bytes = await through(new CompressionStream("deflate"), map);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}

export async function unpackIds(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return through(new DecompressionStream("deflate"), bytes);
}
