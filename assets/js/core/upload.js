// Uploads that say how far they have come.

import { group } from "./icons.js";

const SHOW_AFTER_MS = 300; // what takes less needs no bar

/**
 * Like `fetch` of a POST: resolves to a Response, rejects where none came. `onProgress(part)`, 0 to 1,
 * follows an upload that lasts; in the end it gets null.
 */
export function postWithProgress(url, { headers = {}, body }, onProgress = () => {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.responseType = "blob";
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    let part = 0;
    let lasts = false;
    const timer = setTimeout(() => {
      lasts = true;
      onProgress(part);
    }, SHOW_AFTER_MS);
    request.upload.onprogress = ({ loaded, total, lengthComputable }) => {
      if (!lengthComputable) return;
      part = loaded / total;
      if (lasts) onProgress(part);
    };
    const end = () => {
      clearTimeout(timer);
      if (lasts) onProgress(null);
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

/** Shows in a frame how much of a file has been sent; `show(name, part)`, where null takes it off. */
export function buildProgress(frame) {
  const node = group("st-progress", "progressbar", "");
  return (name, part) => {
    if (part === null) return node.remove();
    const percent = Math.round(part * 100);
    node.setAttribute("aria-label", `Sending ${name}`);
    node.setAttribute("aria-valuenow", percent);
    node.style.setProperty("--part", `${percent}%`);
    node.textContent = percent < 100 ? `Sending ${name}: ${percent}%` : `${name} is sent, one moment`;
    if (!node.isConnected) frame.append(node);
    return undefined;
  };
}
