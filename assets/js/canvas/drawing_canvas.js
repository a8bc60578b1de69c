// The drawing canvas: a label map shown on a <canvas>. See tools.js for the tools, pointer_input.js for the
// pointers that use them.

import { h, setStyle } from "../core/dom.js";
import { BACKGROUND, FACADE, colorLookup, paintIds, percent } from "./label_map.js";
import { LookLayer } from "./look_layer.js";
import { NO_LOOKS, isSameState } from "./look_map.js";
import { MapHistory } from "./map_history.js";
import { PointerInput } from "./pointer_input.js";
import { Selection } from "./selection.js";
import { buildZoomButton, positionIn } from "./sheet_view.js";
import { TOOLS } from "./tools.js";

const MAX_BRUSH = 64;
const CELLS = 32; // of the grid, along the shorter side

const ROUND = new Set(["brush", "eraser", "line"]);
const SELECTING = new Set(["select", "repeat"]);

const isSameShape = (a, b) => a.width === b.width && a.height === b.height;

export class DrawingCanvas {
  /**
   * `shape`: { width, height }; `colors`: [r, g, b] by class id; `hasWall`: class 1 is the wall behind
   * all elements; `hasLooks`: parts of the drawing can have looks of their own; `view`: a SheetView. Calls
   * `onChange()` when the map or looks changed, `onHistory()` after a step that can be undone, `onPick(id)`
   * while the eyedropper is over a class, `onPicked()` when it is released, `onSelection()` when the selection
   * changed, `onShape()` when the sheet has another shape, `onPen()` when a pen is seen for the first time, and
   * `onLooks()` when looks of parts, or the chosen part, changed.
   */
  constructor({ shape, colors, hasWall, hasLooks, view, onPen, onSelection, onLooks, ...listeners }) {
    Object.assign(this, { shape, hasLooks, view }, listeners); // onChange, onHistory, onPick, onPicked, onShape
    this.map = new Uint8Array(shape.width * shape.height); // class ids, row by row
    this.wall = hasWall ? FACADE : BACKGROUND;
    this.history = new MapHistory(shape);
    this.tool = "rectangle";
    this.classId = 2;
    this.brush = 12;
    this.gap = 12; // pixels between the copies of the repeat tool
    this.grid = 0; // pixels of a cell; 0: off
    this.mirror = false;
    this.smooth = false; // strokes of the hand are steadied
    this.pressure = false; // a pen's pressure sets the brush's width
    this.stroke = null; // { pointer, before: map, looks, first, last: points, selected }
    this.selection = new Selection(this, onSelection);
    this.looks = new LookLayer(this, onLooks);
    this.#build(colors);
    this.input = new PointerInput(this, onPen);
  }

  #build(colors) {
    this.element = h("canvas", {
      class: "st-canvas", tabIndex: 0,
      role: "application", // so that screen readers pass arrow keys on
      "aria-label": "The drawing. Arrows move a cross, Space puts the tool down; ? for help.",
    });
    this.context = this.element.getContext("2d");
    this.lookup = colorLookup(colors);
    this.outline = h("div", { class: "st-outline", hidden: true }); // of the brush
    this.layer = h("div", { class: "st-view" }, this.element, this.looks.node, h("div", { class: "st-grid" }),
      h("div", { class: "st-axis" }), this.selection.node, this.outline);
    this.frame = h("div", { class: "st-frame" }, this.layer, buildZoomButton(this.view));
    this.view.addLayer(this.layer);
    this.#fitToShape();
  }

  /** Sets what depends on the shape. */
  #fitToShape() {
    const { width, height } = this.shape;
    Object.assign(this.element, { width, height });
    this.image = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    setStyle(this.frame, { "--columns": width / this.#cell, "--rows": height / this.#cell });
  }

  /** Replaces map and looks; of another shape, the sheet. */
  #setSheet({ map, shape, looks }) {
    if (isSameShape(shape, this.shape)) {
      this.map.set(map);
      this.looks.set(looks);
      return;
    }
    this.shape = shape;
    this.map = map.slice();
    this.#fitToShape();
    this.looks.set(looks);
    this.view.fit();
    this.onShape();
  }

  get hasWall() { return this.wall === FACADE; }

  /** The side of a cell of the grid, in whole pixels. */
  get #cell() {
    return Math.max(1, Math.round(Math.min(this.shape.width, this.shape.height) / CELLS));
  }

  /** Replaces the drawing and its looks, as one step that can be undone, by one of any shape. */
  replace(map, { shape = this.shape, looks = NO_LOOKS, asStep = true } = {}) {
    this.cancel();
    this.selection.drop();
    const before = { map: this.map.slice(), shape: this.shape, looks: this.looks.state };
    if (!asStep) this.history.shape = shape;
    else if (!isSameShape(shape, this.shape)) this.history.commitSheet(before, { map: map.slice(), shape, looks });
    else this.history.commit(this.map, map, this.#looksStep(before.looks, looks));
    this.#setSheet({ map, shape, looks });
    this.#changed();
    this.onHistory();
  }

  undo() { this.#travel("undo"); }
  redo() { this.#travel("redo"); }

  setBrush(diameter) {
    this.brush = Math.min(Math.max(Math.round(diameter), 1), MAX_BRUSH);
    this.#moveOutline();
  }

  setGap(pixels) { this.gap = Math.min(Math.max(Math.round(pixels), 1), MAX_BRUSH); }

  setTool(name) {
    this.cancel();
    if (!SELECTING.has(name)) this.selection.drop();
    this.tool = name;
    this.frame.dataset.tool = name;
    this.#moveOutline();
  }

  setMirror(on) {
    this.mirror = on;
    this.frame.classList.toggle("st-mirrored", on);
  }

  setSmooth(on) { this.smooth = on; }

  setPressure(on) { this.pressure = on; }

  setFingers(on) { this.input.fingersDraw = on; }

  setGrid(on) {
    this.grid = on ? this.#cell : 0;
    this.frame.classList.toggle("st-gridded", on);
  }

  /** The class id at a point; points outside count as the nearest pixel. */
  idAt(point) {
    const { width, height } = this.shape;
    const cell = (value, side) => Math.min(Math.max(Math.floor(value), 0), side - 1);
    return this.map[cell(point.y, height) * width + cell(point.x, width)];
  }

  /** Reverts the stroke in progress. */
  cancel() {
    if (!this.stroke) return;
    this.map.set(this.stroke.before);
    this.selection.restore(this.stroke.selected);
    this.looks.set(this.stroke.looks);
    this.stroke = null;
    this.#changed();
  }

  /** Reverts the stroke in progress; where there is none, drops the selection. */
  escape() {
    if (this.stroke) this.cancel();
    else this.selection.drop();
  }

  // ---- actions on the selection; each is one step that can be undone ----

  copy() { this.selection.copy(); }

  paste() {
    const { clipboard } = this.selection;
    if (!clipboard) return;
    const { piece } = clipboard;
    const at = this.hover && {
      left: Math.round(this.hover.x - piece.width / 2), top: Math.round(this.hover.y - piece.height / 2),
    };
    this.#step(() => {
      const { left, top } = at ?? clipboard;
      this.selection.paste(piece, left, top);
    });
  }

  duplicate() { this.#step(() => this.selection.duplicate()); }

  remove() { this.#step(() => this.selection.remove()); }

  /** Moves the selection by pixels or cells of the grid; consecutive nudges are undone together. */
  nudge(dx, dy) {
    const { box } = this.selection;
    if (!box || this.stroke) return;
    const { after, floating } = this.nudges ?? {};
    const continues = after && after === this.history.last && floating === this.selection.floating;
    const before = continues ? this.nudges.before : this.map.slice();
    const step = this.grid || 1;
    this.selection.moveTo(box.left + dx * step, box.top + dy * step);
    const moved = this.history[continues ? "recommit" : "commit"](before, this.map);
    this.nudges = moved
      ? { before, after: this.history.last, floating: this.selection.floating } : null;
    this.onHistory();
    this.#changed();
  }

  #step(change) {
    this.cancel();
    const before = this.map.slice();
    change();
    if (this.history.commit(before, this.map)) this.onHistory();
    this.#changed();
  }

  /** Records a step between two states of the looks, the later of which is shown. */
  commitLooks(before) {
    if (this.history.commit(this.map, this.map, { before, after: this.looks.state })) this.onHistory();
    this.onChange();
  }

  #looksStep(before, after) { return isSameState(before, after) ? null : { before, after }; }

  #travel(direction) {
    this.cancel();
    this.selection.drop();
    const done = this.history[direction](this.map);
    if (!done) return;
    if (done.map) this.#setSheet(done);
    else if (done.looks) this.looks.set(done.looks);
    this.#changed();
    this.onHistory();
  }

  /** The position of a pointer event in pixels of the map, with the pressure of a pen. */
  pointOf(event) {
    const { x, y } = positionIn(this.element, event);
    return { x: x * this.shape.width, y: y * this.shape.height, pressure: event.pressure };
  }

  // ---- a stroke, by a pointer or by keys ----

  /** `pointer` is the pointerId, or "keys". */
  begin(point, pointer) {
    this.stroke = {
      pointer, before: this.map.slice(), first: point, last: point,
      selected: this.selection.snapshot(), looks: this.looks.state,
    };
    TOOLS[this.tool].start(this, this.stroke, point);
    this.#changed();
  }

  follow(points) {
    for (const point of points) {
      TOOLS[this.tool].move(this, this.stroke, point);
      this.stroke.last = point;
    }
    this.#changed();
  }

  finish() {
    const { stroke } = this;
    this.stroke = null;
    TOOLS[this.tool].end?.(this, stroke); // does not change the map
    const looks = this.#looksStep(stroke.looks, this.looks.state);
    if (this.history.commit(stroke.before, this.map, looks)) this.onHistory();
    this.selection.onChange();
  }

  /** Shows the outline of the brush at a point; null hides it. */
  hoverAt(point) {
    this.hover = point;
    this.#moveOutline();
  }

  #moveOutline() {
    const isRound = this.tool === "look" ? this.looks.kind === "brush" : ROUND.has(this.tool);
    this.outline.hidden = !isRound || !this.hover;
    if (this.outline.hidden) return;
    const { width, height } = this.shape;
    Object.assign(this.outline.style, {
      left: percent(this.hover.x, width), top: percent(this.hover.y, height),
      width: percent(this.brush, width),
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
    paintIds(this.map, this.lookup, this.pixels);
    this.context.putImageData(this.image, 0, 0);
  }
}
