// Requests the picture of a drawing over the app's own route, outside Gradio's queue. The server
// cancels a visitor's older request when a newer one arrives.

import { urlOf } from "../core/base_url.js";
import { readError, unexpectedResponse } from "../core/responses.js";

const TRANSIENT = new Set([502, 503, 504]); // busy, or starting

const VISITOR = crypto.getRandomValues(new Uint32Array(4)).join("-");

/**
 * The picture { blob, name, notice } of a drawing { ids, seed, style, id, format, large }; null where a
 * newer request superseded it. Rejects with a message for the visitor; `isTransient` on the error says
 * that trying again may help.
 */
export async function fetchPicture(base, tabId, drawing) {
  let response;
  try {
    response = await fetch(urlOf(`${base}/${tabId}`), {
      method: "POST",
      cache: "no-store",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...drawing, visitor: VISITOR }),
    });
  } catch {
    throw Object.assign(new Error("The server is out of reach."), { isTransient: true });
  }
  if (response.status === 204) return null;
  if (!response.ok) {
    const isTransient = TRANSIENT.has(response.status);
    throw Object.assign(new Error(await readError(response)), { isTransient });
  }
  if (!response.headers.get("content-type")?.startsWith("image/")) throw unexpectedResponse();
  const header = (name) => decodeURIComponent(response.headers.get(name) ?? "");
  return { blob: await response.blob(), name: header("x-picture-name"), notice: header("x-notice") };
}
