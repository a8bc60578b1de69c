// The state that the parts of a drawing tab share. Each tab has one Studio.

import { SheetView } from "../canvas/sheet_view.js";
import { requestOf } from "../canvas/look_map.js";
import { packIds } from "../core/codec.js";

export const MAX_SEED = 9999;

const studios = new Map();

/** The Studio of the tab with this id, made at the first call. */
export function studioOf(tabId) {
  if (!studios.has(tabId)) studios.set(tabId, new Studio(tabId));
  return studios.get(tabId);
}

class Studio {
  #onPreview; // resolves previewReady
  #onDrawing; // resolves drawingReady
  #onSaver; // resolves drawingSaver

  kind = "facades"; // or "labels", or "lines"
  view = new SheetView(); // zoom and pan of drawing and picture
  canvas = null; // the DrawingCanvas
  queue = null; // the LatestOnlyQueue of requests for the picture
  preview = null; // the element of the picture
  large = 1; // how many times the canvas's size the model paints at the most
  seed = 0;
  style = null; // { name, values, photo: thumbnail or undefined }; used in place of the seed
  live = true; // the picture follows the drawing
  stale = false; // live is off and the drawing has changed since the last picture
  saving = null; // { what, id of the request whose picture will be saved, drawing: its canvas }
  previewReady = new Promise((resolve) => { this.#onPreview = resolve; });
  drawingReady = new Promise((resolve) => { this.#onDrawing = resolve; }); // parts that act on the drawing await it
  drawingSaver = new Promise((resolve) => { this.#onSaver = resolve; }); // of a function that downloads the drawing
  // Functions that one part provides and another calls
  show = null; // show(picture, id): the answer to a request
  fetchLarge = null; // fetchLarge(id): the picture at the model's largest size

  #listeners = { change: [], setting: [], answer: [], controls: [], shape: [] };

  constructor(tabId) { this.tabId = tabId; }

  get isFacades() { return this.kind === "facades"; }

  /**
   * Events: "change", the drawing, its seed or style; "setting", a tool or a switch; "answer", a new
   * picture; "controls", seed, style, live or stale changed; "shape", the sheet has another one.
   */
  on(event, listener) { this.#listeners[event].push(listener); }

  notify(event) { for (const listener of this.#listeners[event]) listener(); }

  /** The part with the picture is there; the drawing may have asked for one already. */
  setPreview(root) {
    this.preview = root;
    if (this.queue?.id) root.dataset.asked = String(this.queue.id);
    this.#onPreview();
  }

  /** The canvas is there, with its drawing and what sends it to the server. */
  setDrawingReady() { this.#onDrawing(); }

  /** The part that can save the drawing is there; it may have been asked for already. */
  setDrawingSaver(save) { this.#onSaver(save); }

  /** The drawing as it is now, without its look: { ids, width, height }. */
  async packDrawing() {
    const { map, shape: { width, height } } = this.canvas;
    return { ids: await packIds(map), width, height };
  }

  /** The drawing as it is now, for `fetchPicture`: { ids, width, height, seed, style, regions }, nothing packed. */
  copyPicture() {
    const { seed, style } = this;
    const { map, shape: { width, height }, looks } = this.canvas;
    const regions = requestOf(looks.state) ?? undefined;
    return { ids: map.slice(), width, height, seed, style: style?.values, regions };
  }

  /** The look that the gallery changes, { seed, style }: of the part that the Look tool draws on, else the drawing's. */
  get shownLook() {
    return (this.canvas?.tool === "look" && this.canvas.looks.look) || { seed: this.seed, style: this.style };
  }

  /** Gives a look { seed } or { style } to the part that the Look tool draws on, else to the drawing. */
  chooseLook(look) {
    const { canvas } = this;
    if (canvas.tool === "look" && canvas.looks.look) canvas.looks.change(look);
    else if (look.style) this.setStyle(look.style);
    else this.setSeed(look.seed);
  }

  /** Requests the picture of the drawing as it is now. */
  requestPicture() {
    this.#setStale(false);
    this.queue?.request();
  }

  /** The drawing, seed or style changed: requests the picture, or marks it as stale where live is off. */
  drawingChanged() {
    if (this.live) this.requestPicture();
    else this.#setStale(true);
    this.notify("change");
  }

  /** `seed` is clamped to 0..MAX_SEED; a style is dropped. */
  setSeed(seed) {
    this.seed = Math.min(Math.max(Math.trunc(Number(seed)) || 0, 0), MAX_SEED);
    this.setStyle(null);
  }

  /** Sets the style of the picture; null: the one of the seed. */
  setStyle(style) {
    this.style = style;
    this.notify("controls");
    this.drawingChanged();
  }

  setLive(live) {
    this.live = live;
    this.notify("controls");
    this.notify("setting");
    if (live && this.stale) this.requestPicture();
  }

  /** Requests a lossless picture, to be saved when it comes: "picture", "small" or "both". */
  requestSave(what) {
    this.saving = { what, id: null, drawing: null };
    this.requestPicture();
  }

  #setStale(stale) {
    this.stale = stale;
    this.notify("controls");
  }
}

export function randomSeed() { return Math.floor(Math.random() * (MAX_SEED + 1)); }

/** Sets the aspect ratio of the canvas and the picture of a tab. */
export function setAspectRatio(root, { width, height }) {
  root.closest(".studio-draw").style.setProperty("--st-aspect", width / height);
}
