// The toolbar beside the canvas, and the bar of actions on a selection.

import { button, group } from "../core/controls.js";
import { h } from "../core/dom.js";

/** `plain` describes a tool where the classes have no wall. */
export const TOOL_BUTTONS = [
  { tool: "brush", label: "Brush", key: "B", does: "paints with a round brush" },
  { tool: "eraser", label: "Eraser", key: "E", does: "back to the wall; from the wall, to the sky",
    plain: "back to the first class" },
  { tool: "line", label: "Line", key: "L", does: "a straight line, as thick as the brush" },
  { tool: "rectangle", label: "Rectangle", key: "R", does: "from corner to corner" },
  { tool: "fill", label: "Fill", key: "F", does: "fills an area of one class" },
  { tool: "eyedropper", label: "Eyedropper", key: "I", does: "takes the class under the pointer" },
  { tool: "select", label: "Select", key: "S", does: "click an element or drag a box, then move it" },
  { tool: "repeat", label: "Repeat", key: "T", does: "drag a window out into rows and columns",
    plain: "drag an element out into rows and columns" },
  { tool: "look", label: "Look", key: "K", does: "gives a part of the sheet a look of its own" },
  { tool: "hand", label: "Hand", key: "H", does: "drags the sheet; a click zooms in, with Alt out" },
];
export const TOGGLES = [
  { name: "mirror", label: "Mirror", key: "M", does: "draws on both sides at once" },
  { name: "grid", label: "Snap to grid", key: "G", does: "lines, boxes and moves keep to the grid" },
  { name: "smooth", label: "Steady strokes", key: "U", does: "smooths the brush's way, which follows a little later" },
];
/** Shown once a pen was seen. */
export const PEN_TOGGLES = [
  { name: "pressure", label: "Pressure", key: "P", does: "the pen's pressure sets the brush's width" },
  { name: "fingers", label: "Draw with fingers", key: "O", does: "they draw as the pen does; else they pan" },
];
const SETTERS = {
  mirror: "setMirror", grid: "setGrid", smooth: "setSmooth", pressure: "setPressure", fingers: "setFingers",
};

/** The tools of a canvas. */
export const toolsOf = ({ hasLooks }) => TOOL_BUTTONS.filter(({ tool }) => hasLooks || tool !== "look");

/** What a tool does, in words. */
export const describeTool = ({ does, plain }, hasWall) => (hasWall ? does : plain ?? does);

/** Builds the toolbar; see Toolbar. `on`: onNew(), onHelp(), onTool(), onSetting(). */
export function buildToolbar(canvas, on) { return new Toolbar(canvas, on); }

/** `tools`, `toggles`, `undo`, `redo`, `clear` and `help` are its buttons, `size` its slider. */
class Toolbar {
  #lastTool; // the tool before the eyedropper

  constructor(canvas, { onNew, onHelp, onTool, onSetting }) {
    Object.assign(this, { canvas, onTool, onSetting });
    this.#lastTool = canvas.tool;
    this.tools = Object.fromEntries(toolsOf(canvas).map((entry) => [entry.tool, button({
      name: entry.tool, label: entry.label, key: entry.key,
      tip: `${entry.label}: ${describeTool(entry, canvas.hasWall)}`,
      onClick: () => this.choose(entry.tool),
    })]));
    this.toggles = Object.fromEntries([...TOGGLES, ...PEN_TOGGLES].map(({ name, label, key, does }) => [name, button({
      name, label, key, tip: `${label}: ${does}`,
      onClick: () => this.#turn(name, this.toggles[name].getAttribute("aria-pressed") !== "true"),
    })]));
    this.size = buildSizeSlider(canvas, onSetting);
    this.undo = button({ name: "undo", label: "Undo", key: "Ctrl Z", classes: "st-undo",
      onClick: () => canvas.undo() });
    this.redo = button({ name: "redo", label: "Redo", key: "Ctrl Shift Z", classes: "st-redo",
      onClick: () => canvas.redo() });
    this.clear = button({ name: "clear", label: "New drawing", key: "N",
      tip: canvas.hasWall ? "New: a bare wall" : "New: an empty canvas", onClick: onNew });
    this.help = button({ name: "help", label: "Help", tip: "Tools and keys", key: "?", onClick: onHelp });
    this.node = group("st-toolbar", "toolbar", "Tools", h("div", { class: "st-tools" },
      Object.values(this.tools), Object.values(this.toggles), this.clear, this.undo, this.redo,
      this.help), this.size.node);
    for (const name of Object.keys(this.toggles)) this.#turn(name, canvas[name] === true);
    for (const { name } of PEN_TOGGLES) this.toggles[name].hidden = true;
    this.choose(canvas.tool);
    this.showHistory();
  }

  choose(tool) {
    if (this.canvas.tool !== "eyedropper") this.#lastTool = this.canvas.tool;
    this.canvas.setTool(tool);
    for (const [name, node] of Object.entries(this.tools)) {
      node.setAttribute("aria-pressed", String(name === tool));
    }
    this.node.dataset.tool = tool;
    this.size.show();
    this.onTool();
    this.onSetting();
  }

  /** Goes back to the tool before the eyedropper. */
  restoreTool() { this.choose(this.#lastTool); }

  /** Enables Undo and Redo where there are steps. */
  showHistory() {
    this.undo.disabled = !this.canvas.history.canUndo;
    this.redo.disabled = !this.canvas.history.canRedo;
  }

  /** A pen was seen: shows its settings. */
  showPen() {
    for (const { name } of PEN_TOGGLES) this.toggles[name].hidden = false;
  }

  /** Restores kept settings, which come from storage. */
  restore({ tool, brush, gap, mirror, grid, smooth, pressure }) {
    if (brush) this.canvas.setBrush(brush);
    if (gap) this.canvas.setGap(gap);
    this.#turn("mirror", mirror === true);
    this.#turn("grid", grid === true);
    this.#turn("smooth", smooth ?? this.canvas.smooth);
    this.#turn("pressure", pressure === true);
    this.choose(Object.hasOwn(this.tools, tool) ? tool : this.canvas.tool);
  }

  #turn(name, on) {
    this.canvas[SETTERS[name]](on);
    this.toggles[name].setAttribute("aria-pressed", String(on));
    this.onSetting();
  }
}

/** The slider for the brush size, or with the repeat tool for the distance between copies. */
function buildSizeSlider(canvas, onSetting) {
  const input = h("input", {
    type: "range", min: 1, max: 64, step: 1, on: { input: () => size.set(Number(input.value)) },
  });
  const output = h("output");
  const isGap = () => canvas.tool === "repeat";
  const size = {
    node: h("label", { class: "st-size" }, input, output),
    show() {
      const value = isGap() ? canvas.gap : canvas.brush;
      input.value = value;
      output.textContent = value;
      input.setAttribute("aria-label", isGap() ? "Distance in pixels" : "Brush size in pixels");
      size.node.dataset.tip = isGap() ? "Distance between copies  [ ]" : "Brush size  [ ]";
    },
    set(value) {
      if (isGap()) canvas.setGap(value);
      else canvas.setBrush(value);
      size.show();
      onSetting();
    },
    /** Changes the size by about an eighth, up (1) or down (-1). */
    step(sign) {
      const value = isGap() ? canvas.gap : canvas.brush;
      size.set(value + sign * Math.max(1, Math.round(value / 8)));
    },
  };
  return size;
}

/** The actions on a selection, shown on the canvas for visitors without a keyboard: `node`, `show()`. */
export function buildSelectionBar(canvas) {
  const actions = [
    ["copy", "Copy", "Ctrl C", () => canvas.copy()],
    ["paste", "Paste", "Ctrl V", () => canvas.paste()],
    ["duplicate", "Duplicate", "Ctrl D", () => canvas.duplicate()],
    ["remove", "Delete", "Del", () => canvas.remove()],
    ["drop", "Drop the selection", "Esc", () => canvas.escape()],
  ];
  const buttons = Object.fromEntries(actions.map(([name, label, key, act]) => [name, button({
    name, label, key,
    onClick: () => {
      act();
      if (node.hidden) canvas.element.focus({ preventScroll: true }); // the focus must not be lost
    },
  })]));
  const node = group("st-selectbar", "toolbar", "Selection", Object.values(buttons));
  node.hidden = true;
  const show = () => {
    const { box, clipboard } = canvas.selection;
    const isSelecting = canvas.tool === "select" || canvas.tool === "repeat";
    node.hidden = !isSelecting || Boolean(canvas.stroke) || !(box || clipboard);
    for (const name of ["copy", "duplicate", "remove", "drop"]) buttons[name].disabled = !box;
    buttons.paste.disabled = !clipboard;
    const isLow = Boolean(box) && box.top + box.height > canvas.shape.height * 0.75;
    node.classList.toggle("st-above", isLow);
  };
  return { node, show };
}
