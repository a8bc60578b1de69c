// Repair by hand: the brushes of the photo on show, its strokes, and what was repaired.

import { h, setStyle } from "../core/dom.js";
import { buildRepairTools } from "./repair_tools.js";
import { StrokeCanvas } from "./stroke_canvas.js";
import { MAX_SIZE, START_SIZE, radiusOf } from "./strokes.js";

export class RepairBrush {
  /**
   * `editor` is the ColorizeEditor. `on`: onMessage(message); onChange() when a brush, its size or the view
   * changed.
   */
  constructor({ root, stage, compare, editor, maxStrokes, maxPoints, ...on }) {
    Object.assign(this, { root, stage, editor, maxStrokes, ...on });
    this.tool = null; // "repair" or "keep" while that brush is chosen
    this.size = START_SIZE;
    this.isShown = false; // what was repaired
    this.pictured = []; // the strokes in the picture on screen
    this.tools = buildRepairTools({
      choose: (tool) => this.choose(tool),
      resize: (size) => this.resize(size),
      undo: () => this.step("undo"),
      redo: () => this.step("redo"),
      clear: () => this.#change([]),
      toggle: () => this.toggle(),
    });
    this.canvas = new StrokeCanvas(compare, { maxPoints, onStroke: (stroke) => this.#add(stroke) });
    this.layer = h("div", { class: "st-changed", hidden: true });
    compare.after.after(this.layer);
    compare.node.append(this.canvas.node);
  }

  /** Whether the photo on show is repaired, so that there is something to brush on. */
  get isAvailable() { return Boolean(this.editor.current?.scratches); }

  /** Shows the state of the photo on show. */
  show() {
    this.tools.node.hidden = !this.isAvailable;
    if (!this.isAvailable) this.#setTool(null);
    const { strokes, changed } = this.editor.current ?? {};
    const all = strokes?.value ?? [];
    this.tools.show({
      tool: this.tool, size: this.size, isShown: this.isShown,
      canUndo: strokes?.canUndo, canRedo: strokes?.canRedo, count: all.length,
    });
    this.canvas.show(all.filter((stroke) => !this.pictured.includes(stroke)));
    this.layer.hidden = !(this.isShown && this.isAvailable && changed);
    setStyle(this.layer, { "--changed": this.layer.hidden ? "none" : `url("${changed}")` });
  }

  /** Chooses a brush, or leaves it where it is chosen; `byKey` moves the focus to the photo. */
  choose(tool, byKey = false) {
    if (tool === this.tool) return this.leave();
    this.#setTool(tool);
    this.onChange();
    this.stage.scrollIntoView({ block: "nearest" });
    if (byKey) this.canvas.focus();
  }

  leave() {
    this.#setTool(null);
    this.onChange();
  }

  /** Drops the stroke that is being drawn, else leaves the brush. */
  escape() {
    if (this.canvas.isDrawing) this.canvas.cancel();
    else this.leave();
  }

  resize(size) {
    this.size = Math.min(Math.max(size, 0), MAX_SIZE);
    this.#setTool(this.tool);
    this.onChange();
  }

  /** Shows or hides what was repaired. */
  toggle() {
    this.isShown = !this.isShown;
    this.onChange();
  }

  /** `name`: "undo" or "redo". */
  step(name) {
    const { strokes } = this.editor.current;
    const before = strokes.value;
    strokes[name]();
    if (strokes.value !== before) this.editor.refresh();
  }

  /** A picture of the photo on show is on screen, made with these strokes. */
  showPicture(strokes) {
    this.pictured = strokes;
    this.show();
  }

  /** Another photo is on show. */
  reset() {
    this.canvas.cancel();
    this.#setTool(this.tool); // its outline depends on the photo's shape
    this.showPicture(this.editor.current.strokes.value);
  }

  #setTool(tool) {
    const hadFocus = this.canvas.node.contains(document.activeElement);
    const before = this.tool;
    this.tool = tool;
    this.canvas.setBrush(tool && { radius: radiusOf(this.size), keep: tool === "keep" });
    this.root.classList.toggle("st-brushing", tool !== null);
    if (!tool && before && hadFocus) this.tools.focus(before);
  }

  #add(stroke) {
    const { strokes } = this.editor.current;
    if (strokes.value.length >= this.maxStrokes) {
      this.onMessage(`A photo has room for ${this.maxStrokes} strokes: please clear them first`);
    } else this.#change([...strokes.value, stroke]);
  }

  #change(value) {
    this.editor.current.strokes.push(value);
    this.editor.refresh();
  }
}
