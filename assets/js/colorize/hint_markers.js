// Markers of the colour hints on the photo: dragged, moved with the arrow keys, or removed.

import { group } from "../core/controls.js";
import { h, setStyle } from "../core/dom.js";
import { describeHint } from "./hints.js";

const OFF = 0.03; // a marker dragged further than this beyond the photo is removed
const STEP = 0.01;
const FAR_STEP = 0.05;
const DRAG_PX = 3; // a shorter movement is a click
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class HintMarkers {
  #drags = 0;

  /**
   * `locate(event)` is the position of a pointer event in 0..1 of the photo. `on`: select(index),
   * move(index, x, y, tag), remove(index), choose(index) to choose its colour.
   */
  constructor(locate, on) {
    this.locate = locate;
    this.on = on;
    this.node = group("st-hint-markers", "group", "Colour hints");
    this.buttons = [];
    this.hints = [];
  }

  /** Shows the hints; `selected` is the index of one, or -1. */
  show(hints, selected) {
    this.hints = hints;
    while (this.buttons.length > hints.length) this.buttons.pop().remove();
    while (this.buttons.length < hints.length) this.#add(this.buttons.length);
    hints.forEach(({ x, y, color }, index) => {
      const marker = this.buttons[index];
      setStyle(marker, { left: `${x * 100}%`, top: `${y * 100}%`, "--color": color ?? "transparent" });
      marker.classList.toggle("st-pending", !color);
      marker.setAttribute("aria-pressed", String(index === selected));
      marker.setAttribute("aria-label", describeHint(hints, index));
    });
  }

  focus(index) { this.buttons[index]?.focus({ preventScroll: true }); }

  #add(index) {
    const marker = h("button", {
      type: "button", class: "st-hint-marker",
      on: {
        keydown: (event) => this.#handleKey(event, index),
        focus: () => this.on.select(index),
        click: (event) => { if (event.detail === 0) this.on.choose(index); }, // by Enter or Space
      },
    });
    this.#makeDraggable(marker, index);
    this.buttons.push(marker);
    this.node.append(marker);
  }

  /** Handled events do not reach the slider below, or they would move its divider. */
  #makeDraggable(marker, index) {
    let drag = null; // { tag, x, y, moved }
    marker.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      if (event.button !== 0) return;
      marker.setPointerCapture(event.pointerId);
      this.#drags += 1;
      drag = { tag: `drag ${this.#drags}`, x: event.clientX, y: event.clientY, moved: false };
      this.on.select(index);
    });
    marker.addEventListener("pointermove", (event) => {
      if (!drag) return;
      event.stopPropagation();
      drag.moved ||= Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > DRAG_PX;
      if (!drag.moved) return;
      const { x, y } = this.locate(event);
      marker.classList.toggle("st-leaving", isOff(x, y));
      this.on.move(index, x, y, drag.tag);
    });
    marker.addEventListener("pointerup", (event) => {
      if (!drag) return;
      event.stopPropagation();
      const { x, y } = this.locate(event);
      const isRemoved = drag.moved && isOff(x, y);
      drag = null;
      marker.classList.remove("st-leaving");
      if (isRemoved) this.on.remove(index);
    });
    marker.addEventListener("pointercancel", () => { drag = null; });
  }

  #handleKey(event, index) {
    const [dx, dy] = ARROWS[event.key] ?? [0, 0];
    if (dx || dy) {
      const step = event.shiftKey ? FAR_STEP : STEP;
      const { x, y } = this.hints[index];
      this.on.move(index, x + dx * step, y + dy * step, `keys ${index}`);
    } else if (["Delete", "Backspace"].includes(event.key)) this.on.remove(index);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

const isOff = (x, y) => Math.min(x, y) < -OFF || Math.max(x, y) > 1 + OFF;
