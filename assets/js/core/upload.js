// Uploads with progress.

import { group } from "./controls.js";
import { setStyle } from "./dom.js";

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
      const lines = request.getAllResponseHeaders().trim().split(/[\r\n]+/).filter(Boolean);
      const received = new Headers(lines.map((line) => line.split(/: ?(.*)/s, 2)));
      const content = request.status === 204 ? null : request.response;
      resolve(new Response(content, { status: request.status, headers: received }));
    };
    request.onerror = () => {
      end();
      reject(new TypeError("the connection broke off"));
    };
    request.send(body);
  });
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
