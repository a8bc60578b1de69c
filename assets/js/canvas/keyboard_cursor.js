// Drawing by keys: arrows move a cross over the canvas, Space or Enter puts the tool down and takes
// it up again. What happens is said to a screen reader.

import { percent } from "./label_map.js";

const FAR = 8; // pixels that Shift and an arrow move
const AT_ONCE = new Set(["fill", "eyedropper"]);

export class KeyboardCursor {
  /** `names`: of the classes, by id. */
  constructor(canvas, names) {
    this.canvas = canvas;
    this.names = names;
    const { width, height } = canvas.shape;
    this.at = { x: width / 2 + 0.5, y: height / 2 + 0.5 }; // the middle of a pixel
    this.node = Object.assign(document.createElement("div"), {
      className: "st-cursor", hidden: true,
    });
    this.status = Object.assign(document.createElement("div"), { className: "st-aloud" });
    this.status.setAttribute("role", "status");
    const { element } = canvas;
    element.addEventListener("focus", () => element.matches(":focus-visible") && this.#show());
    element.addEventListener("blur", () => this.#hide());
    element.addEventListener("pointerdown", () => this.#hide(), { capture: true });
    canvas.frame.append(this.node, this.status);
  }

  get isDown() { return this.canvas.stroke?.pointer === "keys"; }

  move(dx, dy, far) {
    const { canvas } = this;
    const step = Math.max(canvas.grid || 1, far ? FAR : 1);
    const { width, height } = canvas.shape;
    const keep = (value, side) => Math.min(Math.max(value, 0.5), side - 0.5);
    this.at = { x: keep(this.at.x + dx * step, width), y: keep(this.at.y + dy * step, height) };
    this.#show();
    if (this.isDown) canvas.follow([this.at]);
  }

  /** Puts the tool down; where it is down, takes it up. */
  press() {
    const { canvas } = this;
    this.#show();
    if (!this.isDown) {
      canvas.begin(this.at, "keys");
      if (!AT_ONCE.has(canvas.tool)) return this.#say(`${canvas.tool} from ${this.#place()}`);
    }
    const { first } = canvas.stroke;
    const [wide, high] = [this.at.x - first.x, this.at.y - first.y].map((d) => Math.abs(d) + 1);
    const name = canvas.tool;
    canvas.finish();
    this.#say(`${name} done at ${this.#place()}${AT_ONCE.has(name) ? "" : `, ${wide} by ${high}`}`);
  }

  #place() { return `${Math.floor(this.at.x)}, ${Math.floor(this.at.y)}`; }

  #say(words) { this.status.textContent = words; }

  #show() {
    const { width, height } = this.canvas.shape;
    Object.assign(this.node.style, {
      left: percent(this.at.x, width), top: percent(this.at.y, height),
    });
    this.node.hidden = false;
    this.canvas.hoverAt(this.at);
    this.#say(`${this.#place()}, ${this.names[this.canvas.idAt(this.at)]}`);
  }

  #hide() {
    if (this.node.hidden) return;
    if (this.isDown) this.canvas.cancel();
    this.node.hidden = true;
    this.canvas.hoverAt(null);
  }
}
