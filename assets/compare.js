// Two pictures of one size under a divider that the pointer or the arrow keys move.

import { icon } from "./icons.js";

export class Compare {
  constructor() {
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
    this.range.addEventListener("input", () => this.cut(this.range.value));
    this.node.addEventListener("pointerdown", (event) => this.#follow(event));
    this.node.addEventListener("pointermove", (event) => this.#follow(event));
    this.node.append(this.before, this.after, this.divider, this.range);
    this.cut(50);
  }

  cut(percent) {
    this.range.value = percent;
    this.node.style.setProperty("--cut", `${percent}%`);
  }

  /** Swaps the pictures once both are ready to be shown. */
  async show(before, after, width, height) {
    const next = [before, after].map((src, i) => {
      const image = new Image();
      image.src = src;
      image.alt = [this.before, this.after][i].alt;
      image.draggable = false;
      return image;
    });
    next[1].className = this.after.className;
    await Promise.all(next.map((image) => image.decode()));
    this.before.replaceWith(next[0]);
    this.after.replaceWith(next[1]);
    [this.before, this.after] = next;
    this.node.style.setProperty("--aspect", width / height);
  }

  #follow(event) {
    if (event.type === "pointerdown") {
      if (event.button !== 0) return;
      this.node.setPointerCapture(event.pointerId);
    } else if (!this.node.hasPointerCapture(event.pointerId)) return;
    const box = this.node.getBoundingClientRect();
    this.cut(Math.min(Math.max(((event.clientX - box.left) / box.width) * 100, 0), 100));
  }
}
