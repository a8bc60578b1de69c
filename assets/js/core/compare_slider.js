// Two pictures of one size under a divider that a drag or the arrow keys move.

import { icon } from "./icons.js";

const DRAG_PX = 5; // less is a tap

export class CompareSlider {
  /** `onTap(x, y)`: in 0..1 of the picture. */
  constructor(onTap = () => {}) {
    this.onTap = onTap;
    this.node = Object.assign(document.createElement("div"), { className: "st-compare" });
    this.before = new Image();
    this.after = new Image();
    this.before.alt = "The photo as it was";
    this.after.alt = "The photo in colour";
    this.after.className = "st-after";
    this.divider = Object.assign(document.createElement("div"), { className: "st-divider" });
    this.divider.innerHTML = `<span>${icon("grip")}</span>`;
    this.range = Object.assign(document.createElement("input"), {
      type: "range", min: 0, max: 100, step: 0.5, value: 50, className: "st-cut",
    });
    this.range.setAttribute("aria-label", "Divider between before and after");
    this.range.addEventListener("input", () => this.setDivider(this.range.value));
    this.press = null; // where a pointer went down, and whether it has moved from there
    for (const type of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
      this.node.addEventListener(type, (event) => this.#follow(event));
    }
    this.node.append(this.before, this.after, this.divider, this.range);
    this.setDivider(50);
  }

  setDivider(percent) {
    this.range.value = percent;
    this.node.style.setProperty("--cut", `${percent}%`);
  }

  /**
   * Swaps the pictures once they are ready to be shown. Without `before` that one stays. `isNewest`
   * is asked then: a picture that was overtaken is not shown.
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
    if (width) this.node.style.setProperty("--aspect", width / height);
    return true;
  }

  #picture(src, old) {
    const image = Object.assign(new Image(), { src, alt: old.alt, draggable: false });
    image.className = old.className;
    return image;
  }

  /** A point of the page in 0..1 of the picture; beyond that outside of it. */
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
