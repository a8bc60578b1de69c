// Two pictures of one size under a divider that a drag or the arrow keys move.

import { h, setStyle } from "./dom.js";
import { icon } from "./icons.js";

const DRAG_PX = 5; // a shorter movement is a tap

export class CompareSlider {
  /** `onTap(x, y)`: a click or tap, in 0..1 of the picture; `alt` is the text of both pictures. */
  constructor({ onTap = () => {}, alt: { before, after } }) {
    this.onTap = onTap;
    this.before = h("img", { alt: before });
    this.after = h("img", { alt: after, class: "st-after" });
    this.range = h("input", {
      type: "range", min: 0, max: 100, step: 0.5, value: 50, class: "st-cut",
      "aria-label": "Divider between before and after",
      on: { input: () => this.setDivider(this.range.value) },
    });
    this.press = null; // { x, y, moved }: where the pointer went down, and whether it is a drag
    const follow = (event) => this.#follow(event);
    this.node = h("div", {
      class: "st-compare",
      on: { pointerdown: follow, pointermove: follow, pointerup: follow, pointercancel: follow },
    }, this.before, this.after, h("div", { class: "st-divider" }, h("span", {}, icon("grip"))), this.range);
    this.setDivider(50);
  }

  /** Moves the divider; `percent` of the width from the left. */
  setDivider(percent) {
    this.range.value = percent;
    setStyle(this.node, { "--cut": `${percent}%` });
  }

  /**
   * Swaps the pictures once they are decoded; without `before` that one stays. `isNewest()` is asked
   * after decoding: an outdated picture is not shown. Resolves to whether it was shown.
   */
  async show({ before, after, width, height }, isNewest = () => true) {
    const next = [before && this.#picture(before, this.before), this.#picture(after, this.after)];
    await Promise.all(next.map((image) => image?.decode()));
    if (!isNewest()) return false;
    if (next[0]) {
      this.before.replaceWith(next[0]);
      this.before = next[0];
    }
    this.after.replaceWith(next[1]);
    this.after = next[1];
    if (width) setStyle(this.node, { "--aspect": width / height });
    return true;
  }

  #picture(src, { alt, className }) {
    return h("img", { src, alt, class: className, draggable: false });
  }

  /** The position of a pointer event in 0..1 of the picture; outside of it, beyond that range. */
  locate({ clientX, clientY }) {
    const box = this.node.getBoundingClientRect();
    return { x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height };
  }

  #follow(event) {
    if (event.type === "pointerdown") {
      if (event.button !== 0 || !event.isPrimary) return;
      this.node.setPointerCapture(event.pointerId);
      this.press = { x: event.clientX, y: event.clientY, moved: false };
    } else if (!this.press || !event.isPrimary) return;
    const { x, y } = this.locate(event);
    if (Math.hypot(event.clientX - this.press.x, event.clientY - this.press.y) > DRAG_PX) {
      this.press.moved = true;
    }
    if (this.press.moved) this.setDivider(Math.min(Math.max(x * 100, 0), 100));
    if (event.type === "pointerup" && !this.press.moved) this.onTap(x, y);
    if (["pointerup", "pointercancel"].includes(event.type)) this.press = null;
  }
}
