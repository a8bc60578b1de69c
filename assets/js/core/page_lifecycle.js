// The identity of this browser window over reloads, and the warning before it is left.

const STORED = "pix2pix-window";
const OPEN = "pix2pix-window-open";

let identity = null;

/**
 * { id, from }: the id of this window, and of the window that it is a copy of, or "". A browser that
 * duplicates a window, or restores one after a crash, copies sessionStorage as it was while the page
 * was open.
 */
export function thisWindow() {
  identity ??= identify();
  return identity;
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
    return { id: fresh, from: "" }; // storage is blocked
  }
}

/** Makes the browser ask before the page is left while `wouldLose()` is true. */
export function confirmBeforeUnload(wouldLose) {
  window.addEventListener("beforeunload", (event) => {
    if (!wouldLose()) return;
    event.preventDefault();
    event.returnValue = true; // for older browsers
  });
}

const RECONNECTING_MS = 15_000;

/** Whether the network has just come back: Gradio then reloads the page by itself. */
export const isReconnecting = () => Date.now() - backAt < RECONNECTING_MS;

let backAt = -Infinity;
window.addEventListener("online", () => { backAt = Date.now(); });
