// How class ids travel: zlib, then base64. A facade of 65,536 ids is about 1.5 kB that way.
// Browsers without CompressionStream (Safari before 16.4) send them uncompressed, in 87 kB.
// No DOM: runs under Node too.

import { readJson } from "./responses.js";
import { urlOf } from "./base_url.js";
import { postWithProgress } from "./upload.js";
import { inflateZlib, storeZlib } from "./zlib.js";

/** Written straight in: as a Blob's stream the same takes five times as long. */
async function through(transform, bytes) {
  const writer = transform.writable.getWriter();
  const written = writer.write(bytes).then(() => writer.close());
  const [out] = await Promise.all([new Response(transform.readable).arrayBuffer(), written]);
  return new Uint8Array(out);
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
  if (typeof CompressionStream === "undefined") return toBase64(storeZlib(map));
  return toBase64(await through(new CompressionStream("deflate"), map));
}

export async function unpackIds(text) {
  if (typeof DecompressionStream === "undefined") return inflateZlib(fromBase64(text));
  return through(new DecompressionStream("deflate"), fromBase64(text));
}

/**
 * Uploads a file; what the server needs to find it. Rejects with words for a person. `onProgress` is
 * as in `post`.
 */
export async function uploadFile(file, maxMegabytes, onProgress) {
  if (file.size > maxMegabytes * 2 ** 20) {
    throw new Error(`${file.name}: is larger than ${maxMegabytes} MB`);
  }
  if (!file.size) throw new Error(`${file.name}: is empty (0 bytes)`);
  const body = new FormData();
  body.append("files", file);
  const url = urlOf("gradio_api/upload");
  const answer = await postWithProgress(url, { body }, onProgress).catch(() => {
    throw new Error(`${file.name}: could not be uploaded (the connection broke off)`);
  });
  const [path] = await readJson(answer).catch((error) => {
    throw new Error(`${file.name}: could not be uploaded (${error.message})`);
  });
  return { file: { path, orig_name: file.name, meta: { _type: "gradio.FileData" } }, at: Date.now() };
}
