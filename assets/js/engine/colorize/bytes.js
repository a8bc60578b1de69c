// Bytes and texts of files.

const UTF8 = new TextDecoder("utf-8");

/** Bytes as a text of the same length, one character each (Latin-1). */
export function toBinaryText(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

/** The reverse of `toBinaryText`. */
export const fromBinaryText = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** UTF-8, with U+FFFD for what is none. */
export const decodeUtf8 = (bytes) => UTF8.decode(bytes);
export const encodeUtf8 = (text) => new TextEncoder().encode(text);

export function concatBytes(parts) {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** A big-endian number of 2 or 4 bytes. */
export function bigEndian(value, size) {
  return Uint8Array.from({ length: size }, (_, i) => (value >>> (8 * (size - 1 - i))) & 255);
}

export function startsWith(bytes, text, at = 0) {
  return bytes.length >= at + text.length && toBinaryText(bytes.subarray(at, at + text.length)) === text;
}
