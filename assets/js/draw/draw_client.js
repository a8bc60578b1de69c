// The short way from a drawing to its picture: one request, past the queue of the page's other
// events. The server gives an older drawing of this page up for a newer one.

import { otherAnswer, reasonOf } from "../core/responses.js";
import { address } from "../core/base_url.js";
import { DESK } from "./studio.js";

const MAY_PASS = new Set([502, 503, 504]); // busy, or being started

const VISITOR = crypto.getRandomValues(new Uint32Array(4)).join("-");

/**
 * The picture { blob, name, notice } of a drawing { ids, seed, style, id, format, large }; null where
 * it was given up. Rejects with words for a person; `mayPass` says that trying again may help.
 */
export async function askPicture(base, drawing) {
  let answer;
  try {
    answer = await fetch(address(`${base}/${DESK}`), {
      method: "POST",
      cache: "no-store",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...drawing, visitor: VISITOR }),
    });
  } catch {
    throw Object.assign(new Error("The server is out of reach."), { mayPass: true });
  }
  if (answer.status === 204) return null;
  if (!answer.ok) {
    const mayPass = MAY_PASS.has(answer.status);
    throw Object.assign(new Error(await reasonOf(answer)), { mayPass });
  }
  if (!answer.headers.get("content-type")?.startsWith("image/")) throw otherAnswer();
  const header = (name) => decodeURIComponent(answer.headers.get(name) ?? "");
  return { blob: await answer.blob(), name: header("x-picture-name"), notice: header("x-notice") };
}
