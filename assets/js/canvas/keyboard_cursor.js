// Drawing with the keyboard: arrows move a cross over the canvas, Space or Enter puts the tool down
// and takes it up again. Each step is announced to screen readers.

import { h } from "../core/dom.js";
import { percent } from "./label_map.js";

const FAR = 8; // pixels that Shift and an arrow move
const INSTANT = new Set(["fill", "eyedropper", "hand"]);

export class KeyboardCursor {
  /** `names`: class names by id. */
  constructor(canvas, names) {
    this.canvas = canvas;
    this.names = names;
    const { width, height } = canvas.shape;
    this.at = { x: width / 2 + 0.5, y: height / 2 + 0.5 }; // the middle of a pixel
    this.node = h("div", { class: "st-cursor", hidden: true });
    this.status = h("div", { class: "st-aloud", role: "status" });
    const { element } = canvas;
    element.addEventListener("focus", () => element.matches(":focus-visible") && this.#show());
    element.addEventListener("blur", () => this.#hide());
    // After the sheet has taken the focus: a browser may think that a finger gave it as a key does.
    canvas.frame.addEventListener("pointerdown", () => this.#hide());
    canvas.layer.append(this.node);
    canvas.frame.append(this.status);
  }

  get isShown() { return !this.node.hidden; }
  get isDown() { return this.canvas.stroke?.pointer === "keys"; }

  /** Moves the cross by pixels or cells of the grid; `far` moves eight pixels at least. */
  move(dx, dy, far) {
    const { canvas } = this;
    const step = Math.max(canvas.grid || 1, far ? FAR : 1);
    const { width, height } = canvas.shape;
    this.at = { x: this.at.x + dx * step, y: this.at.y + dy * step };
    this.#show();
    canvas.view.reveal({ x: this.at.x / width, y: this.at.y / height });
    if (this.isDown) canvas.follow([this.at]);
  }

  /** Puts the tool down, or takes it up where it is down. */
  press() {
    const { canvas } = this;
    this.#show();
    if (!this.isDown) {
      canvas.begin(this.at, "keys");
      if (!INSTANT.has(canvas.tool)) return this.#say(`${canvas.tool} from ${this.#place()}`);
    }
    const { first } = canvas.stroke;
    const [wide, high] = [this.at.x - first.x, this.at.y - first.y].map((d) => Math.abs(d) + 1);
    const name = canvas.tool;
    canvas.finish();
    this.#say(`${name} done at ${this.#place()}${INSTANT.has(name) ? "" : `, ${wide} by ${high}`}`);
  }

  #place() { return `${Math.floor(this.at.x)}, ${Math.floor(this.at.y)}`; }

  #say(words) { this.status.textContent = words; }

  #show() {
    const { width, height } = this.canvas.shape;
    const keep = (value, side) => Math.min(Math.max(value, 0.5), side - 0.5);
    this.at = { x: keep(this.at.x, width), y: keep(this.at.y, height) };
    Object.assign(this.node.style, {
      left: percent(this.at.x, width), top: percent(this.at.y, height),
    });
    this.node.hidden = false;
    this.canvas.frame.classList.add("st-keyed");
    this.canvas.hoverAt(this.at);
    this.#say(`${this.#place()}, ${this.names[this.canvas.idAt(this.at)]}`);
  }

  #hide() {
    if (this.node.hidden) return;
    if (this.isDown) this.canvas.cancel();
    this.node.hidden = true;
    this.canvas.frame.classList.remove("st-keyed");
    this.canvas.hoverAt(null);
  }
}
