// A part of the canvas that has been taken up: moved, copied, pasted, deleted.

import { clearBox, clipBox, cutPiece, percent, putPiece } from "./label_map.js";

const OFFSET = 4; // between a piece and its duplicate

export class Selection {
  /** `onChange()` whenever there is another box, or none. */
  constructor(canvas, onChange) {
    this.canvas = canvas;
    this.onChange = onChange;
    this.box = null;
    this.floating = null; // once moved: its piece, and the canvas without it
    this.clipboard = null;
    this.node = Object.assign(document.createElement("div"), {
      className: "st-marquee", hidden: true,
    });
  }

  choose(box) {
    this.box = box;
    this.floating = null;
    this.#show();
  }

  drop() { this.choose(null); }

  /** What was moved becomes part of the canvas; the box stays where it is. */
  settle() { this.choose(this.box && clipBox(this.canvas.shape, this.box)); }

  holds({ x, y }) {
    if (!this.box) return false;
    const { left, top, width, height } = this.box;
    return x >= left && y >= top && x < left + width && y < top + height;
  }

  piece() {
    return this.floating?.piece ?? cutPiece(this.canvas.map, this.canvas.shape, this.box);
  }

  /** Puts the piece elsewhere; one corner of it at least stays on the canvas. */
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

  /** Puts a piece on the canvas as a selection of its own, to be moved from there. */
  paste(piece, left, top) {
    const { map } = this.canvas;
    this.floating = { piece, base: map.slice() };
    this.box = { left, top, width: piece.width, height: piece.height };
    this.moveTo(left, top);
  }

  /** The same beside it: to the right where there is room, else below, else to the left. */
  duplicate() {
    if (!this.box) return;
    const { shape } = this.canvas;
    const { left, top, width, height } = this.box;
    const [right, below] = [left + width + OFFSET, top + height + OFFSET];
    if (right + width <= shape.width) this.paste(this.piece(), right, top);
    else if (below + height <= shape.height) this.paste(this.piece(), left, below);
    else this.paste(this.piece(), Math.max(0, left - width - OFFSET), top);
  }

  /** Takes it off the canvas. */
  remove() {
    if (!this.box) return;
    if (this.floating) this.canvas.map.set(this.floating.base);
    else clearBox(this.canvas.map, this.canvas.shape, this.box, this.canvas.wall);
    this.drop();
  }

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
