// State shared by the parts of a drawing tab: the canvas, the seed, the queue of requests.

export const MAX_SEED = 9999;

export const studio = {
  kind: "facades", // or "labels", or "lines"
  canvas: null,
  queue: null,
  seed: 0,
  style: null, // wins over the seed: { name, values, photo } or null; photo: its thumbnail
  live: true,
  stale: false, // the drawing has changed since the last building; only where live is off
  saving: null, // what of, the id of the request whose picture will be saved, and its drawing
  controls: {}, // elements that one part builds and another needs
};

// Each tab loads these modules under a path of its own, and with them has its own canvas: see
// pix2pix/app/assets.py.
export const TAB_ID = import.meta.url.match(/\/for\/([^/]+)\//)?.[1] ?? "draw";

/** What the server could not do: "look", "style" or "open". */
export function onFailure(what, act) { window.addEventListener(`${TAB_ID}:${what}-failed`, act); }

/** Gives the canvas and the picture of a tab their shape on the page. */
export function setAspectRatio(root, { width, height }) {
  root.closest(".studio-desk").style.setProperty("--st-aspect", width / height);
}

export const isFacades = () => studio.kind === "facades";

const listeners = { change: [], setting: [], answer: [], opened: [] };

/**
 * "change": the drawing or its seed; "setting": a tool or a switch;
 * "answer": a new building; "opened": a drawing that the server sent.
 */
export function on(event, listener) { listeners[event].push(listener); }
export function notify(event) { for (const listener of listeners[event]) listener(); }

/** Asks for the building of the drawing as it is now. */
export function requestPicture() {
  setStale(false);
  studio.queue?.request();
}

/** The same after a change, unless live is off: then the Draw button waits for a hand. */
export function drawingChanged() {
  if (studio.live) requestPicture();
  else setStale(true);
  notify("change");
}

export function setSeed(seed) {
  studio.seed = Math.min(Math.max(Math.trunc(Number(seed)) || 0, 0), MAX_SEED);
  setStyle(null);
}

/** A named style, or that of a photo; null gives the word back to the seed. */
export function setStyle(style) {
  studio.style = style;
  studio.controls.showSeed?.();
  drawingChanged();
}

export function setLive(live) {
  studio.live = live;
  studio.controls.showLive?.();
  notify("setting");
  if (live && studio.stale) requestPicture();
}

export function randomSeed() { return Math.floor(Math.random() * (MAX_SEED + 1)); }

function setStale(stale) {
  studio.stale = stale;
  studio.controls.showLive?.();
}
