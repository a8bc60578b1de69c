// The short way from a drawing to its picture: one request, past the queue of the page's other
// events. The server gives an older drawing of this page up for a newer one.

import { unexpectedResponse, readError } from "../core/responses.js";
import { urlOf } from "../core/base_url.js";
import { TAB_ID } from "./studio.js";

const MAY_PASS = new Set([502, 503, 504]); // busy, or being started

const VISITOR = crypto.getRandomValues(new Uint32Array(4)).join("-");

/**
 * The picture { blob, name, notice } of a drawing { ids, seed, style, id, format, large }; null where
 * it was given up. Rejects with words for a person; `isTransient` says that trying again may help.
 */
export async function fetchPicture(base, drawing) {
  let answer;
  try {
    answer = await fetch(urlOf(`${base}/${TAB_ID}`), {
      method: "POST",
      cache: "no-store",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...drawing, visitor: VISITOR }),
    });
  } catch {
    throw Object.assign(new Error("The server is out of reach."), { isTransient: true });
  }
  if (answer.status === 204) return null;
  if (!answer.ok) {
    const isTransient = MAY_PASS.has(answer.status);
    throw Object.assign(new Error(await readError(answer)), { isTransient });
  }
  if (!answer.headers.get("content-type")?.startsWith("image/")) throw unexpectedResponse();
  const header = (name) => decodeURIComponent(answer.headers.get(name) ?? "");
  return { blob: await answer.blob(), name: header("x-picture-name"), notice: header("x-notice") };
}
