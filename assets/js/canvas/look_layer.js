// The parts of the sheet that have looks of their own: they are drawn on, chosen and shown above the drawing.

import { h } from "../core/dom.js";
import { MAX_LOOKS, NO_LOOKS, addLook, changeLook, paintLooks, removeLook } from "./look_map.js";

/** The colours of the parts, [r, g, b]: none is one of the classes of facades. */
export const LOOK_COLORS = [
  [255, 64, 129], [124, 252, 0], [255, 170, 255], [255, 255, 255],
  [178, 102, 255], [0, 0, 0], [255, 140, 90], [150, 220, 190],
];

const words = LOOK_COLORS.map(([r, g, b]) => (b << 16) | (g << 8) | r);

export class LookLayer {
  state = NO_LOOKS;
  current = 0; // the id of the part that is drawn on; 0: none
  kind = "rectangle"; // or "brush"
  erases = false;
  #request = 0;

  /** `newLook()` gives the look of a new part. `onChange()` is called when the state or the choice changed. */
  constructor(canvas, onChange) {
    Object.assign(this, { canvas, onChange, newLook: () => ({ seed: 0 }) });
    this.node = h("canvas", { class: "st-looks" });
    this.context = this.node.getContext("2d");
  }

  /** The look of the chosen part; null where none is. */
  get look() { return this.state.looks[this.current - 1] ?? null; }

  get isFull() { return this.state.looks.filter(Boolean).length >= MAX_LOOKS; }

  /** Replaces the state: a stroke's, or one of the history's. */
  set(state) {
    this.state = state;
    if (!this.look) this.current = state.looks.findLastIndex(Boolean) + 1;
    this.show();
  }

  choose(id) {
    this.current = id;
    this.erases = false;
    this.show();
  }

  /** Adds a part and chooses it. It has no pixels yet, so that there is nothing to be undone. */
  add() {
    const { state, id } = addLook(this.state, this.newLook());
    if (!id) return;
    this.state = state;
    this.choose(id);
  }

  /** Begins with the first part where there is none. */
  prepare() {
    if (!this.look) this.add();
    this.show();
  }

  change(look) { this.#step(changeLook(this.state, this.current, look)); }

  remove() { this.#step(removeLook(this.state, this.current)); }

  #step(state) {
    const before = this.state;
    const isSeen = Boolean(before.ids?.includes(this.current));
    this.set(state);
    if (isSeen) this.canvas.commitLooks(before);
  }

  /** The ids of the state `from` as a copy to be painted on by paint(ids, id). */
  paint(from, paint) {
    const { width, height } = this.canvas.shape;
    const ids = from.ids ? from.ids.slice() : new Uint8Array(width * height);
    paint(ids, this.erases ? 0 : this.current);
    this.set({ ids, looks: this.state.looks });
  }

  /** The id of the part at a point, in a state. */
  idAt(point, { ids } = this.state) {
    const { width, height } = this.canvas.shape;
    const cell = (value, side) => Math.min(Math.max(Math.floor(value), 0), side - 1);
    return ids ? ids[cell(point.y, height) * width + cell(point.x, width)] : 0;
  }

  /** Shows the parts with the next frame. */
  show() {
    this.onChange();
    this.#request ||= requestAnimationFrame(() => {
      this.#request = 0;
      this.#paint();
    });
  }

  #paint() {
    const { shape, tool } = this.canvas;
    const { ids } = this.state;
    this.node.hidden = !ids;
    if (!ids || ids.length !== shape.width * shape.height) return;
    if (this.node.width !== shape.width || this.node.height !== shape.height) Object.assign(this.node, shape);
    const image = this.context.createImageData(shape.width, shape.height);
    paintLooks(ids, shape, words, this.current, Number(tool === "look"), new Uint32Array(image.data.buffer));
    this.context.putImageData(image, 0, 0);
  }
}
