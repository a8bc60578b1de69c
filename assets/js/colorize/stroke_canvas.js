// The canvas over the photo on which strokes are drawn: by mouse, pen or finger, or with the arrow keys.

import { h, setStyle } from "../core/dom.js";
import { paintStrokes } from "./stroke_painter.js";
import { addPoint } from "./strokes.js";

const STEP = 0.005; // of the photo, by an arrow key
const FAR_STEP = 0.05; // with Shift
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const NAMES = { repair: "Repair", keep: "Keep" };
const percent = (value) => `${value * 100}%`;

export class StrokeCanvas {
  #brush = null; // { radius, keep } while a brush is chosen
  #waiting = []; // strokes that are shown until a picture has them
  #points = null; // of the stroke that is being drawn
  #pointer = null; // that draws it: an id, or "keys"
  #at = { x: 0.5, y: 0.5 }; // of the keyboard's cross

  /**
   * `compare` is the CompareSlider under it. `onStroke(stroke)` is called with each finished stroke, of at
   * most `maxPoints` points.
   */
  constructor(compare, { maxPoints, onStroke }) {
    Object.assign(this, { compare, maxPoints, onStroke });
    this.paper = h("canvas", { class: "st-strokes" });
    this.outline = h("div", { class: "st-outline", hidden: true }); // shows the brush's size
    this.cross = h("div", { class: "st-cursor", hidden: true });
    this.status = h("div", { class: "st-aloud", role: "status" });
    this.node = h("div", {
      class: "st-stroke-canvas", hidden: true, tabIndex: 0,
      role: "application", // so that screen readers pass arrow keys on
      on: {
        pointerdown: (event) => this.#press(event),
        pointermove: (event) => this.#move(event),
        pointerup: (event) => this.#release(event),
        pointercancel: (event) => { if (event.pointerId === this.#pointer) this.cancel(); },
        pointerleave: () => this.#hover(null),
        keydown: (event) => this.#handleKey(event),
        focus: () => this.node.matches(":focus-visible") && this.#showCross(),
        blur: () => this.#hideCross(),
      },
    }, this.paper, this.outline, this.cross, this.status);
    new ResizeObserver(() => this.#paint()).observe(this.node);
  }

  get isDrawing() { return this.#points !== null; }

  /** Draws with this brush, { radius, keep }; null: not at all, and the photo below has its pointer back. */
  setBrush(brush) {
    if (!brush) this.cancel();
    this.#brush = brush;
    this.node.hidden = brush === null;
    if (!brush) return;
    this.node.setAttribute("aria-label", `The photo under the ${brush.keep ? NAMES.keep : NAMES.repair} `
      + "brush. Arrows move a cross, Space puts the brush down, Esc leaves it.");
    this.#outlineBrush();
    this.#paint();
  }

  focus() { this.node.focus({ preventScroll: true }); }

  /** Shows strokes that no picture has yet. */
  show(strokes) {
    this.#waiting = strokes;
    this.#paint();
  }

  /** Drops the stroke that is being drawn. */
  cancel() {
    [this.#points, this.#pointer] = [null, null];
    this.#paint();
  }

  // Handled events do not reach the slider below, or they would move its divider.

  #press(event) {
    event.stopPropagation();
    if (event.button !== 0 || !event.isPrimary || !this.#brush) return;
    this.node.setPointerCapture(event.pointerId);
    this.#hideCross();
    this.#begin(this.compare.locate(event), event.pointerId);
  }

  #move(event) {
    event.stopPropagation();
    if (!event.isPrimary) return;
    this.#hideCross();
    this.#hover(event.pointerType === "touch" ? null : this.compare.locate(event));
    if (event.pointerId !== this.#pointer) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    this.#follow((passed.length ? passed : [event]).map((each) => this.compare.locate(each)));
  }

  #release(event) {
    event.stopPropagation();
    if (event.pointerId !== this.#pointer) return;
    this.#follow([this.compare.locate(event)]);
    this.#finish();
  }

  #begin(place, pointer) {
    [this.#points, this.#pointer] = [[], pointer];
    this.#follow([place]);
  }

  #follow(places) {
    const { naturalWidth: width, naturalHeight: height } = this.compare.before; // of the preview
    for (const { x, y } of places) {
      this.#points = addPoint(this.#points, [x, y], { width, height }, this.maxPoints);
    }
    this.#paint();
  }

  #finish() {
    const stroke = { points: this.#points, ...this.#brush };
    this.cancel();
    this.onStroke(stroke);
  }

  #paint() {
    if (this.node.hidden) return;
    const drawn = this.#points ? [{ points: this.#points, ...this.#brush }] : [];
    paintStrokes(this.paper, [...this.#waiting, ...drawn]);
  }

  // ---- the size of the brush, and the keyboard's cross --------------------------------------

  #hover(place) {
    this.outline.hidden = place === null;
    if (place) setStyle(this.outline, { left: percent(place.x), top: percent(place.y) });
  }

  #outlineBrush() {
    const { naturalWidth: width, naturalHeight: height } = this.compare.before;
    setStyle(this.outline, { width: percent((2 * this.#brush.radius * Math.max(width, height)) / width) });
  }

  #handleKey(event) {
    const [dx, dy] = ARROWS[event.key] ?? [0, 0];
    const isModified = event.ctrlKey || event.metaKey || event.altKey;
    if (isModified || !this.#brush) return;
    if (dx || dy) this.#moveCross(dx, dy, event.shiftKey ? FAR_STEP : STEP);
    else if ([" ", "Enter"].includes(event.key)) {
      if (!event.repeat) this.#pressKey();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #moveCross(dx, dy, step) {
    const keep = (value) => Math.min(Math.max(value, 0), 1);
    this.#at = { x: keep(this.#at.x + dx * step), y: keep(this.#at.y + dy * step) };
    this.#showCross();
    if (this.#pointer === "keys") this.#follow([this.#at]);
  }

  /** Puts the brush down, or takes it up where it is down. */
  #pressKey() {
    const name = this.#brush.keep ? NAMES.keep : NAMES.repair;
    if (this.#pointer === "keys") {
      this.#finish();
      this.#say(`${name} stroke done at ${this.#place()}`);
    } else {
      this.#begin(this.#at, "keys");
      this.#showCross();
      this.#say(`${name} from ${this.#place()}`);
    }
  }

  #showCross() {
    setStyle(this.cross, { left: percent(this.#at.x), top: percent(this.#at.y) });
    this.cross.hidden = false;
    this.#hover(this.#at);
    this.#say(this.#place());
  }

  #hideCross() {
    if (this.cross.hidden) return;
    if (this.#pointer === "keys") this.cancel();
    this.cross.hidden = true;
    this.#hover(null);
  }

  #place() { return `${Math.round(this.#at.x * 100)}% across, ${Math.round(this.#at.y * 100)}% down`; }

  #say(message) { this.status.textContent = message; }
}
