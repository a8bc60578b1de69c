// What an answer says where it is not the expected one. Before the app there may be a proxy, whose
// own answers are pages of HTML. No DOM: runs under Node too.

import { urlOf } from "./base_url.js";

const REASONS = {
  401: "a password is asked for: please reload the page",
  403: "this is not allowed here",
  404: "the server does not know this address: please reload the page",
  408: "it took too long to arrive: please try again",
  413: "it is larger than the web server in front of the studio lets through",
  429: "there were too many requests: please try again in a minute",
  502: "the studio behind the web server does not run at the moment: please try again in a minute",
  503: "the server is busy or being started: please try again in a minute",
  504: "the studio did not answer the web server in time: please try again",
};

/** Why the server refused, in its own words where it has any. */
export async function readError(answer) {
  const { error, detail } = await answer.json().catch(() => null) ?? {};
  const own = [error, detail].find((words) => typeof words === "string" && words);
  return own ?? REASONS[answer.status] ?? `the server said ${answer.status}`;
}

/** The value in an answer of JSON. Rejects with words for a person where another thing came. */
export async function readJson(answer) {
  if (!answer.ok) throw new Error(await readError(answer));
  return answer.json().catch(() => { throw unexpectedResponse(); });
}

/** For the page of a proxy's login, say, in the place of a picture. */
export function unexpectedResponse() {
  return new Error("another server than the studio answered: please reload the page");
}

/** After a failure of which nothing is known: why nothing can be asked; null where it can. */
export async function explainOutage() {
  try {
    const answer = await fetch(urlOf("gradio_api/app_id"), { cache: "no-store" });
    return answer.ok ? null : await readError(answer);
  } catch {
    return "the server is out of reach";
  }
}
