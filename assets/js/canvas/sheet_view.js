// Zoom and pan of a tab: one view for its drawing and its picture.

import { button } from "../core/controls.js";
import { FIT, MAX_ZOOM, clampView, moveGrip, reveal, wheelFactor, zoomAt } from "./viewport.js";

const STEP = Math.SQRT2; // of a key press
const PAUSE_MS = 250; // a turn of the wheel without such a pause is one movement
const MIDDLE = { x: 0.5, y: 0.5 };

export class SheetView {
  #view = FIT;
  #layers = new Set();
  #listeners = [];
  #lastOwn = -Infinity; // the times of the last turns of the wheel that zoomed, and that scrolled the page
  #lastOther = -Infinity;

  constructor() {
    document.addEventListener("wheel", (event) => {
      if (!event.defaultPrevented) this.#lastOther = event.timeStamp;
    }, { passive: true });
  }

  get zoom() { return this.#view.zoom; }
  get maxZoom() { return MAX_ZOOM; }
  get isZoomed() { return this.#view.zoom > 1; }

  /** An element inside a frame, which becomes as large as the zoomed sheet. */
  addLayer(layer) {
    this.#layers.add(layer);
    this.#place(layer);
  }

  /** Calls the listener after each change. */
  onChange(listener) { this.#listeners.push(listener); }

  /** Where a spot of the sheet is, in parts of the frame. */
  positionOf({ x, y }) {
    const view = this.#view;
    return { x: view.x + x * view.zoom, y: view.y + y * view.zoom };
  }

  fit() { this.#show(FIT); }

  /** Zooms about a point, in parts of the frame. */
  zoomBy(factor, point = MIDDLE) { this.#show(zoomAt(this.#view, factor, point)); }

  zoomIn(point) { this.zoomBy(STEP, point); }
  zoomOut(point) { this.zoomBy(1 / STEP, point); }

  /** Pans and zooms as fingers do; grips are in pixels of the window. See `moveGrip`. */
  follow(frame, from, to) {
    this.#show(moveGrip(this.#view, gripIn(frame, from), gripIn(frame, to)));
  }

  /** Brings a spot into sight, in parts of the sheet. */
  reveal(spot) { this.#show(reveal(this.#view, spot)); }

  /** Zooms where the wheel turns over a frame; `plain`: without Ctrl too. */
  bindWheel(frame, { plain }) {
    frame.addEventListener("wheel", (event) => {
      if (event.target.closest("dialog") || !this.#takesWheel(event, plain)) return;
      event.preventDefault();
      this.#lastOwn = event.timeStamp;
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.#panBy(frame, -sideways);
      else this.zoomBy(wheelFactor(event), positionIn(frame, event));
    }, { passive: false });
  }

  /** The page scrolls where the wheel has scrolled it so far, and where zooming out has nothing to do. */
  #takesWheel(event, plain) {
    if (event.ctrlKey) return true;
    if (!plain || event.timeStamp - this.#lastOther < PAUSE_MS) return false;
    return this.isZoomed || event.deltaY < 0 || event.timeStamp - this.#lastOwn < PAUSE_MS;
  }

  #panBy(frame, pixels) {
    const { x } = this.#view;
    this.#show(clampView({ ...this.#view, x: x + pixels / frame.getBoundingClientRect().width }));
  }

  #show(view) {
    const { zoom, x, y } = this.#view;
    if (zoom === view.zoom && x === view.x && y === view.y) return;
    this.#view = view;
    for (const layer of this.#layers) this.#place(layer);
    for (const listener of this.#listeners) listener();
  }

  #place({ style, parentElement }) {
    const { zoom, x, y } = this.#view;
    const part = (value) => `${value * 100}%`;
    Object.assign(style, { left: part(x), top: part(y), width: part(zoom), height: part(zoom) });
    parentElement?.classList.toggle("st-zoomed", zoom > 1);
  }
}

/** The position of a pointer event in parts of a frame. */
export function positionIn(frame, { clientX, clientY }) {
  const box = frame.getBoundingClientRect();
  return { x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height };
}

const gripIn = (frame, { x, y, spread }) => ({ ...positionIn(frame, { clientX: x, clientY: y }), spread });

/** The button with the zoom of a view, shown while it is zoomed; it shows the whole sheet again. */
export function buildZoomButton(view) {
  const node = button({ name: "fit", label: "Show the whole sheet", text: "100%", key: "0",
    tip: "Whole sheet", classes: "st-zoom", onClick: () => view.fit() });
  const text = node.querySelector("span");
  const render = () => {
    node.hidden = !view.isZoomed;
    text.textContent = `${Math.round(view.zoom * 100)}%`;
  };
  view.onChange(render);
  render();
  return node;
}
