// Markers of the colour hints on the photo: dragged, moved with the arrow keys, or removed.

import { describeHint } from "./hints.js";

const OFF = 0.03; // a marker dragged further than this beyond the photo is removed
const STEP = 0.01;
const FAR_STEP = 0.05;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class HintMarkers {
  /**
   * `on.select(at)`, `on.move(at, x, y, tag)`, `on.remove(at)`, `on.choose(at)` (its colour).
   * `locate(event)` is the place of a pointer in 0..1 of the photo.
   */
  constructor(locate, on) {
    this.locate = locate;
    this.on = on;
    this.node = Object.assign(document.createElement("div"), { className: "st-dots" });
    this.node.setAttribute("role", "group");
    this.node.setAttribute("aria-label", "Colour hints");
    this.buttons = [];
    this.hints = [];
    this.drags = 0;
  }

  show(hints, selected) {
    this.hints = hints;
    while (this.buttons.length > hints.length) this.buttons.pop().remove();
    while (this.buttons.length < hints.length) this.#add(this.buttons.length);
    hints.forEach(({ x, y, color }, at) => {
      const marker = this.buttons[at];
      marker.style.left = `${x * 100}%`;
      marker.style.top = `${y * 100}%`;
      marker.style.setProperty("--color", color ?? "transparent");
      marker.classList.toggle("st-pending", !color);
      marker.setAttribute("aria-pressed", String(at === selected));
      marker.setAttribute("aria-label", describeHint(hints, at));
    });
  }

  focus(at) { this.buttons[at]?.focus({ preventScroll: true }); }

  #add(at) {
    const marker = Object.assign(document.createElement("button"), {
      type: "button", className: "st-dot",
    });
    let drag = null;
    marker.addEventListener("pointerdown", (event) => {
      event.stopPropagation(); // or it would move the divider
      if (event.button !== 0) return;
      marker.setPointerCapture(event.pointerId);
      this.drags += 1;
      drag = { tag: `drag ${this.drags}`, x: event.clientX, y: event.clientY, moved: false };
      this.on.select(at);
    });
    marker.addEventListener("pointermove", (event) => {
      if (!drag) return;
      event.stopPropagation();
      drag.moved ||= Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > 3;
      if (!drag.moved) return;
      const { x, y } = this.locate(event);
      marker.classList.toggle("st-leaving", this.#isOff(x, y));
      this.on.move(at, x, y, drag.tag);
    });
    marker.addEventListener("pointerup", (event) => {
      if (!drag) return;
      event.stopPropagation();
      const { x, y } = this.locate(event);
      const off = drag.moved && this.#isOff(x, y);
      drag = null;
      marker.classList.remove("st-leaving");
      if (off) this.on.remove(at);
    });
    marker.addEventListener("pointercancel", () => { drag = null; });
    marker.addEventListener("keydown", (event) => this.#key(event, at));
    marker.addEventListener("focus", () => this.on.select(at));
    marker.addEventListener("click", (event) => {
      if (event.detail === 0) this.on.choose(at); // Enter or Space
    });
    this.buttons.push(marker);
    this.node.append(marker);
  }

  #isOff(x, y) { return Math.min(x, y) < -OFF || Math.max(x, y) > 1 + OFF; }

  #key(event, at) {
    const [dx, dy] = ARROWS[event.key] ?? [0, 0];
    if (dx || dy) {
      const step = event.shiftKey ? FAR_STEP : STEP;
      const { x, y } = this.hints[at];
      this.on.move(at, x + dx * step, y + dy * step, `keys ${at}`);
    } else if (["Delete", "Backspace"].includes(event.key)) this.on.remove(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
