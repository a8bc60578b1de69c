// The sheet of paper: a label map on a canvas, the tools' strokes, and the pointer over it.

import { History, eraserInk, fillRect, floodFill, strokeSegment } from "./labelmap.js";

const MAX_BRUSH = 64;

/**
 * Tools by name. `start` and `move` change sheet.map; a stroke holds the map it began with, the
 * first and the last point, and whatever the tool keeps there.
 */
export const TOOLS = {
  brush: {
    start(sheet, stroke, point) {
      const id = sheet.classId;
      stroke.ink = () => id;
      this.move(sheet, stroke, point);
    },
    move(sheet, stroke, point) {
      strokeSegment(sheet.map, sheet.size, stroke.last, point, sheet.brush, stroke.ink);
    },
  },
  eraser: {
    start(sheet, stroke, point) {
      stroke.ink = eraserInk(sheet.idAt(point));
      TOOLS.brush.move(sheet, stroke, point);
    },
    move(sheet, stroke, point) { TOOLS.brush.move(sheet, stroke, point); },
  },
  rectangle: {
    start(sheet, stroke, point) { this.move(sheet, stroke, point); },
    move(sheet, stroke, point) {
      const cell = (value) => Math.floor(value);
      sheet.map.set(stroke.before);
      fillRect(
        sheet.map, sheet.size, cell(stroke.first.x), cell(stroke.first.y),
        cell(point.x), cell(point.y), sheet.classId,
      );
    },
  },
  fill: {
    start(sheet, stroke, point) {
      floodFill(sheet.map, sheet.size, Math.floor(point.x), Math.floor(point.y), sheet.classId);
    },
    move() {},
  },
};

export class Sheet {
  /** `colors`: [r, g, b] by id. `onChange()` after the map changed, `onHistory()` after a step. */
  constructor({ size, colors, onChange, onHistory }) {
    this.size = size;
    this.map = new Uint8Array(size * size);
    this.history = new History(size);
    this.onChange = onChange;
    this.onHistory = onHistory;
    this.tool = "rectangle";
    this.classId = 2;
    this.brush = 12;
    this.stroke = null;

    this.canvas = Object.assign(document.createElement("canvas"), {
      className: "st-sheet", width: size, height: size, tabIndex: 0,
    });
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "The drawing. Choose a tool and a class, then draw.");
    this.context = this.canvas.getContext("2d");
    this.image = this.context.createImageData(size, size);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.lookup = new Uint32Array(256).fill(0xff000000);
    colors.forEach(([r, g, b], id) => {
      this.lookup[id] = (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
    });
    this.outline = Object.assign(document.createElement("div"), { className: "st-outline" });
    this.frame = Object.assign(document.createElement("div"), { className: "st-frame" });
    this.frame.append(this.canvas, this.outline);
    this.#listen();
  }

  /** Replaces the drawing, as one step that can be undone. */
  replace(map, { asStep = true } = {}) {
    this.cancel();
    if (asStep) this.history.commit(this.map, map);
    this.map.set(map);
    this.#changed();
    this.onHistory();
  }

  undo() { this.#travel("undo"); }
  redo() { this.#travel("redo"); }

  setBrush(diameter) {
    this.brush = Math.min(Math.max(Math.round(diameter), 1), MAX_BRUSH);
    this.#moveOutline();
  }

  setTool(name) {
    this.cancel();
    this.tool = name;
    this.#moveOutline();
  }

  idAt(point) {
    const cell = (value) => Math.min(Math.max(Math.floor(value), 0), this.size - 1);
    return this.map[cell(point.y) * this.size + cell(point.x)];
  }

  /** Drops the stroke under way, as if it had never begun. */
  cancel() {
    if (!this.stroke) return;
    this.map.set(this.stroke.before);
    this.stroke = null;
    this.#changed();
  }

  #travel(direction) {
    this.cancel();
    if (!this.history[direction](this.map)) return;
    this.#changed();
    this.onHistory();
  }

  #listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", () => this.cancel());
    canvas.addEventListener("pointerleave", () => { this.outline.hidden = true; });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    this.outline.hidden = true;
  }

  #point(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.size,
      y: ((event.clientY - box.top) / box.height) * this.size,
    };
  }

  #down(event) {
    if (event.button !== 0 || this.stroke) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const point = this.#point(event);
    this.stroke = { pointer: event.pointerId, before: this.map.slice(), first: point, last: point };
    TOOLS[this.tool].start(this, this.stroke, point);
    this.#changed();
  }

  #move(event) {
    this.hover = event.pointerType === "touch" ? null : this.#point(event);
    this.#moveOutline();
    if (this.stroke?.pointer !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const part of events.length ? events : [event]) {
      const point = this.#point(part);
      TOOLS[this.tool].move(this, this.stroke, point);
      this.stroke.last = point;
    }
    this.#changed();
  }

  #up(event) {
    if (this.stroke?.pointer !== event.pointerId) return;
    const { before } = this.stroke;
    this.stroke = null;
    if (this.history.commit(before, this.map)) this.onHistory();
    this.#changed();
  }

  #moveOutline() {
    const round = this.tool === "brush" || this.tool === "eraser";
    this.outline.hidden = !round || !this.hover;
    if (this.outline.hidden) return;
    const percent = (value) => `${(value / this.size) * 100}%`;
    Object.assign(this.outline.style, {
      left: percent(this.hover.x), top: percent(this.hover.y), width: percent(this.brush),
    });
  }

  #changed() {
    this.onChange();
    if (this.frameRequest) return;
    this.frameRequest = requestAnimationFrame(() => {
      this.frameRequest = 0;
      this.#paint();
    });
  }

  #paint() {
    for (let i = 0; i < this.map.length; i++) this.pixels[i] = this.lookup[this.map[i]];
    this.context.putImageData(this.image, 0, 0);
  }
}
