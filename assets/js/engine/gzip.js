// Unpacks gzip files. No DOM: runs under Node too.

/**
 * The bytes of a Blob, unpacked where it is a gzip file. Rejects where that is damaged, and where it is
 * none although `mayBePlain` is false.
 */
export async function unpackGzip(blob, mayBePlain) {
  const [first, second] = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  if (first === 0x1f && second === 0x8b) {
    const plain = blob.stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(plain).arrayBuffer());
  }
  if (!mayBePlain) throw new Error("expected a gzip file");
  return new Uint8Array(await blob.arrayBuffer());
}
