// Uploads with progress.

import { urlOf } from "./base_url.js";
import { group } from "./controls.js";
import { setStyle } from "./dom.js";
import { readJson } from "./responses.js";

const SHOW_AFTER_MS = 300; // a shorter upload shows no bar

/**
 * POSTs like `fetch`: resolves to a Response, rejects where the connection failed. For an upload that
 * lasts, `onProgress(fraction)` is called with 0 to 1, and with null at its end.
 */
export function postWithProgress(url, { headers = {}, body }, onProgress = () => {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch reports no progress of uploads
    request.open("POST", url);
    request.responseType = "blob";
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    let fraction = 0;
    let isShown = false;
    const timer = setTimeout(() => {
      isShown = true;
      onProgress(fraction);
    }, SHOW_AFTER_MS);
    request.upload.onprogress = ({ loaded, total, lengthComputable }) => {
      if (!lengthComputable) return;
      fraction = loaded / total;
      if (isShown) onProgress(fraction);
    };
    const end = () => {
      clearTimeout(timer);
      if (isShown) onProgress(null);
    };
    request.onload = () => {
      end();
      const type = request.getResponseHeader("content-type") ?? "";
      const content = request.status === 204 ? null : request.response;
      resolve(new Response(content, { status: request.status, headers: { "content-type": type } }));
    };
    request.onerror = () => {
      end();
      reject(new TypeError("the connection broke off"));
    };
    request.send(body);
  });
}

/**
 * Uploads a file to Gradio; resolves to the payload that refers to it. Rejects with a message for the
 * visitor. `onProgress` is as in `postWithProgress`.
 */
export async function uploadFile(file, maxMegabytes, onProgress) {
  if (file.size > maxMegabytes * 2 ** 20) {
    throw new Error(`${file.name}: is larger than ${maxMegabytes} MB`);
  }
  if (!file.size) throw new Error(`${file.name}: is empty (0 bytes)`);
  const body = new FormData();
  body.append("files", file);
  const url = urlOf("gradio_api/upload");
  const response = await postWithProgress(url, { body }, onProgress).catch(() => {
    throw new Error(`${file.name}: could not be uploaded (the connection broke off)`);
  });
  const [path] = await readJson(response).catch((error) => {
    throw new Error(`${file.name}: could not be uploaded (${error.message})`);
  });
  return { file: { path, orig_name: file.name, meta: { _type: "gradio.FileData" } }, at: Date.now() };
}

/** A progress bar in `frame`; the returned `show(name, fraction)` updates it, null removes it. */
export function buildProgress(frame) {
  const node = group("st-progress", "progressbar", "");
  return (name, fraction) => {
    if (fraction === null) {
      node.remove();
      return;
    }
    const percent = Math.round(fraction * 100);
    node.setAttribute("aria-label", `Sending ${name}`);
    node.setAttribute("aria-valuenow", percent);
    setStyle(node, { "--part": `${percent}%` });
    node.textContent = percent < 100 ? `Sending ${name}: ${percent}%` : `${name} is sent, one moment`;
    if (!node.isConnected) frame.append(node);
  };
}
