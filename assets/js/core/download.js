// Hands files to the browser's downloads.

import { h } from "./dom.js";

const REVOKE_MS = 60_000;

/** Saves what a URL refers to under a name. */
export function download(url, name) {
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
}

/** Saves a Blob under a name. */
export function saveBlob(blob, name) {
  const url = URL.createObjectURL(blob);
  download(url, name);
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_MS);
}
