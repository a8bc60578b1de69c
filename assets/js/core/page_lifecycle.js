// Which window of the browser this is, over its reloads; and the question before it is left.

const STORED = "pix2pix-window";
const OPEN = "pix2pix-window-open";
const SHARED = Symbol.for("pix2pix-window"); // each tab of the page loads this module for itself

/**
 * { id, from }: the window's own name, and that of the window of which it is a copy, or "". A
 * browser that duplicates a window, or restores one after a crash, copies sessionStorage as it was
 * while the page was open.
 */
export function thisWindow() {
  globalThis[SHARED] ??= identify();
  return globalThis[SHARED];
}

function identify() {
  const fresh = [...crypto.getRandomValues(new Uint32Array(2))].map((n) => n.toString(36)).join("");
  try {
    const before = sessionStorage.getItem(STORED);
    const isCopy = before !== null && sessionStorage.getItem(OPEN) === "yes";
    const id = before !== null && !isCopy ? before : fresh;
    sessionStorage.setItem(STORED, id);
    const mark = (open) => sessionStorage.setItem(OPEN, open);
    mark("yes");
    window.addEventListener("pagehide", () => mark("no"));
    window.addEventListener("pageshow", () => mark("yes"));
    return { id, from: isCopy ? before : "" };
  } catch {
    return { id: fresh, from: "" }; // the browser keeps nothing for this page
  }
}

/** The browser asks before the page is left, as long as `wouldLose()` is true. */
export function confirmBeforeUnload(wouldLose) {
  window.addEventListener("beforeunload", (event) => {
    if (!wouldLose()) return;
    event.preventDefault();
    event.returnValue = true; // what browsers knew before
  });
}

const RECONNECTING_MS = 15_000;

/** Whether there has just come a network again: then Gradio loads the page anew by itself. */
export const isReconnecting = () => Date.now() - backAt < RECONNECTING_MS;

let backAt = -Infinity;
window.addEventListener("online", () => { backAt = Date.now(); });
