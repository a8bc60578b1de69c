// Requests to the app's own routes. They reject with a message for the visitor; `isTransient` on the
// error says that trying again may help.

import { urlOf } from "./base_url.js";
import { readError, unexpectedResponse } from "./responses.js";
import { postWithProgress } from "./upload.js";

const TRANSIENT = new Set([429, 502, 503, 504]); // a share is used up, busy, or being started

const failure = (message, facts = {}) => Object.assign(new Error(message), facts);

/** Sends JSON; resolves to the Response. */
export async function postJson(path, values, headers = {}) {
  const options = {
    method: "POST",
    cache: "no-store",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(values),
  };
  const response = await fetch(urlOf(path), options).catch(() => {
    throw failure("The server is out of reach.", { isTransient: true });
  });
  return checkResponse(response);
}

/**
 * Sends a file; resolves to the Response. `onProgress(fraction)` is as in `postWithProgress`. The file is
 * null in a request about an example. `name` replaces the file's own.
 */
export async function postFile(path, file, { maxMegabytes, headers = {}, name, onProgress } = {}) {
  const shown = name ?? file?.name;
  const prefix = shown ? `${shown}: ` : "";
  if (file && file.size > maxMegabytes * 2 ** 20) {
    throw failure(`${prefix}is larger than ${maxMegabytes} MB`);
  }
  if (file && !file.size) throw failure(`${prefix}is empty (0 bytes)`);
  const named = shown ? { "x-photo-name": encodeURIComponent(shown), ...headers } : headers;
  const request = { body: file, headers: named };
  const response = await postWithProgress(urlOf(path), request, onProgress).catch(() => {
    throw failure(`${prefix}could not be sent (the connection broke off)`, { isTransient: true });
  });
  return checkResponse(response, prefix);
}

/** The response where it is a success; `prefix` begins the message of a failure. */
export async function checkResponse(response, prefix = "") {
  if (response.ok) return response;
  const { status } = response;
  const isTransient = TRANSIENT.has(status);
  throw failure(`${prefix}${await readError(response)}`, { status, isTransient });
}

/** The values in an answer of JSON; its "error" rejects, with the other values as properties. */
export async function jsonOf(response) {
  const { error, ...values } = await response.json().catch(() => { throw unexpectedResponse(); });
  if (error) throw failure(error, values);
  return values;
}

/** The picture in an answer: { blob, name, notice }; null where a newer request replaced it. */
export async function pictureOf(response) {
  if (response.status === 204) return null;
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("application/json")) await jsonOf(response);
  // Values that are no picture come as NumPy files
  if (!type.startsWith("image/") && type !== "application/octet-stream") throw unexpectedResponse();
  const header = (name) => decodeURIComponent(response.headers.get(name) ?? "");
  const blob = await response.blob();
  return { blob, name: header("x-picture-name"), notice: header("x-notice") };
}
