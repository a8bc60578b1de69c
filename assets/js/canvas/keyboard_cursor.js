// Drawing by keys: arrows move a cross over the sheet, Space or Enter puts the tool down and takes
// it up again. What happens is said to a screen reader.

import { percent } from "./label_map.js";

const FAR = 8; // pixels that Shift and an arrow move
const AT_ONCE = new Set(["fill", "eyedropper"]);

export class Cursor {
  /** `names`: of the classes, by id. */
  constructor(sheet, names) {
    this.sheet = sheet;
    this.names = names;
    const { width, height } = sheet.shape;
    this.at = { x: width / 2 + 0.5, y: height / 2 + 0.5 }; // the middle of a pixel
    this.node = Object.assign(document.createElement("div"), {
      className: "st-cursor", hidden: true,
    });
    this.status = Object.assign(document.createElement("div"), { className: "st-aloud" });
    this.status.setAttribute("role", "status");
    const { canvas } = sheet;
    canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && this.#show());
    canvas.addEventListener("blur", () => this.#hide());
    canvas.addEventListener("pointerdown", () => this.#hide(), { capture: true });
    sheet.frame.append(this.node, this.status);
  }

  get isDown() { return this.sheet.stroke?.pointer === "keys"; }

  move(dx, dy, far) {
    const { sheet } = this;
    const step = Math.max(sheet.grid || 1, far ? FAR : 1);
    const { width, height } = sheet.shape;
    const keep = (value, side) => Math.min(Math.max(value, 0.5), side - 0.5);
    this.at = { x: keep(this.at.x + dx * step, width), y: keep(this.at.y + dy * step, height) };
    this.#show();
    if (this.isDown) sheet.follow([this.at]);
  }

  /** Puts the tool down; where it is down, takes it up. */
  press() {
    const { sheet } = this;
    this.#show();
    if (!this.isDown) {
      sheet.begin(this.at, "keys");
      if (!AT_ONCE.has(sheet.tool)) return this.#say(`${sheet.tool} from ${this.#place()}`);
    }
    const { first } = sheet.stroke;
    const [wide, high] = [this.at.x - first.x, this.at.y - first.y].map((d) => Math.abs(d) + 1);
    const name = sheet.tool;
    sheet.finish();
    this.#say(`${name} done at ${this.#place()}${AT_ONCE.has(name) ? "" : `, ${wide} by ${high}`}`);
  }

  #place() { return `${Math.floor(this.at.x)}, ${Math.floor(this.at.y)}`; }

  #say(words) { this.status.textContent = words; }

  #show() {
    const { width, height } = this.sheet.shape;
    Object.assign(this.node.style, {
      left: percent(this.at.x, width), top: percent(this.at.y, height),
    });
    this.node.hidden = false;
    this.sheet.hoverAt(this.at);
    this.#say(`${this.#place()}, ${this.names[this.sheet.idAt(this.at)]}`);
  }

  #hide() {
    if (this.node.hidden) return;
    if (this.isDown) this.sheet.cancel();
    this.node.hidden = true;
    this.sheet.hoverAt(null);
  }
}
