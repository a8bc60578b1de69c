// Requests of a tab that takes photos: to the engine of the page where it has one, else to the server's
// routes. A source is { local: File } or { example: name }.

import { jsonOf, pictureOf, postFile } from "../core/api.js";
import { engineOf } from "../core/engines.js";

/**
 * The photo and the result { before, after, name, width, height, notice }: URIs of pictures of bounded size,
 * and the photo's own size. `options`: { maxMegabytes, onProgress } of `postFile`.
 */
export async function fetchPreview(api, source, options) {
  const engine = engineOf(api);
  if (engine) return engine.preview(source, options);
  return jsonOf(await post(`${api}/preview`, source, options));
}

/** The result at the photo's own size as a PNG file { blob, name, notice }. */
export async function fetchResult(api, source, options) {
  const engine = engineOf(api);
  if (engine) return engine.result(source, options);
  return pictureOf(await post(`${api}/result`, source, options));
}

function post(url, { local, example }, options) {
  const headers = example ? { "x-example": encodeURIComponent(example) } : {};
  return postFile(url, local ?? null, { ...options, headers });
}
