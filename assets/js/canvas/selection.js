// The selection: a box of the canvas that is moved, copied, pasted or deleted.

import { h } from "../core/dom.js";
import { clearBox, clipBox, cutPiece, percent, putPiece } from "./label_map.js";

const OFFSET = 4; // between a piece and its duplicate

export class Selection {
  /** `onChange()` is called when the box changes. */
  constructor(canvas, onChange) {
    this.canvas = canvas;
    this.onChange = onChange;
    this.box = null; // { left, top, width, height } in pixels
    this.floating = null; // { piece, base: the map without it } once the selection was moved
    this.clipboard = null; // { piece, left, top }
    this.node = h("div", { class: "st-marquee", hidden: true });
  }

  /** Selects a box; null: nothing. */
  choose(box) {
    this.box = box;
    this.floating = null;
    this.#show();
  }

  drop() { this.choose(null); }

  /** Merges a moved piece into the map; the box stays. */
  settle() { this.choose(this.box && clipBox(this.canvas.shape, this.box)); }

  /** Whether a point is inside the box. */
  holds({ x, y }) {
    if (!this.box) return false;
    const { left, top, width, height } = this.box;
    return x >= left && y >= top && x < left + width && y < top + height;
  }

  /** The selected pixels, { width, height, ids }. */
  piece() {
    return this.floating?.piece ?? cutPiece(this.canvas.map, this.canvas.shape, this.box);
  }

  /** Moves the piece; one pixel of it at least stays on the canvas. */
  moveTo(left, top) {
    const { map, shape } = this.canvas;
    this.#lift();
    const { base, piece } = this.floating;
    const keep = (value, side, end) => Math.min(Math.max(value, 1 - side), end - 1);
    this.box = {
      ...this.box,
      left: keep(left, piece.width, shape.width),
      top: keep(top, piece.height, shape.height),
    };
    map.set(base);
    putPiece(map, shape, piece, this.box.left, this.box.top);
    this.#show();
  }

  copy() {
    if (!this.box) return;
    this.clipboard = { piece: this.piece(), left: this.box.left, top: this.box.top };
    this.onChange();
  }

  /** Puts a piece on the canvas as a selection that can be moved. */
  paste(piece, left, top) {
    const { map } = this.canvas;
    this.floating = { piece, base: map.slice() };
    this.box = { left, top, width: piece.width, height: piece.height };
    this.moveTo(left, top);
  }

  /** Pastes a copy to the right where there is room, else below, else to the left. */
  duplicate() {
    if (!this.box) return;
    const { shape } = this.canvas;
    const { left, top, width, height } = this.box;
    const [right, below] = [left + width + OFFSET, top + height + OFFSET];
    if (right + width <= shape.width) this.paste(this.piece(), right, top);
    else if (below + height <= shape.height) this.paste(this.piece(), left, below);
    else this.paste(this.piece(), Math.max(0, left - width - OFFSET), top);
  }

  /** Deletes the selected pixels. */
  remove() {
    if (!this.box) return;
    if (this.floating) this.canvas.map.set(this.floating.base);
    else clearBox(this.canvas.map, this.canvas.shape, this.box, this.canvas.wall);
    this.drop();
  }

  /** The state, for `restore`. */
  snapshot() { return { box: this.box, floating: this.floating }; }

  restore({ box, floating }) {
    this.box = box;
    this.floating = floating;
    this.#show();
  }

  #lift() {
    if (this.floating) return;
    const { map, shape } = this.canvas;
    const piece = this.piece();
    const base = map.slice();
    clearBox(base, shape, clipBox(shape, this.box), this.canvas.wall);
    this.floating = { piece, base };
  }

  #show() {
    this.node.hidden = !this.box;
    if (this.box) {
      const { shape } = this.canvas;
      const { left, top, width, height } = this.box;
      Object.assign(this.node.style, {
        left: percent(left, shape.width), top: percent(top, shape.height),
        width: percent(width, shape.width), height: percent(height, shape.height),
      });
    }
    this.onChange();
  }
}
