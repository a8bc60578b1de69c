// The tools beside the canvas, and what is done with a selection.

import { button, group } from "../core/icons.js";
import { isFacades, notify } from "../draw/studio.js";

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
];
export const TOGGLES = [
  { name: "mirror", label: "Mirror", key: "M", does: "draws on both sides at once" },
  { name: "grid", label: "Snap to grid", key: "G", does: "lines, boxes and moves keep to the grid" },
];

/** What a tool does, said of what lies on this canvas. */
export const describeTool = ({ does, plain }) => (isFacades() ? does : plain ?? does);

/** `toolbar.tools`, `.toggles`, `.undo`, `.redo`, `.clear`, `.help` are its buttons. */
export function buildToolbar(canvas, { onNew, onHelp, onTool }) {
  const node = group("st-rail", "toolbar", "Tools");
  const toolbar = { node, tools: {}, toggles: {} };
  let last = canvas.tool;
  const choose = (tool) => {
    if (canvas.tool !== "eyedropper") last = canvas.tool;
    canvas.setTool(tool);
    for (const [name, other] of Object.entries(toolbar.tools)) {
      other.setAttribute("aria-pressed", String(name === tool));
    }
    node.dataset.tool = tool;
    size.show();
    onTool();
    notify("setting");
  };
  for (const entry of TOOL_BUTTONS) {
    const { tool, label, key } = entry;
    toolbar.tools[tool] = button({ name: tool, label, key, tip: `${label}: ${describeTool(entry)}` });
    toolbar.tools[tool].addEventListener("click", () => choose(tool));
  }
  for (const { name, label, key, does } of TOGGLES) {
    toolbar.toggles[name] = button({ name, label, key, tip: `${label}: ${does}` });
  }
  const turn = (name, on) => {
    if (name === "mirror") canvas.setMirror(on);
    else canvas.setGrid(on);
    toolbar.toggles[name].setAttribute("aria-pressed", String(on));
    notify("setting");
  };
  for (const [name, node_] of Object.entries(toolbar.toggles)) {
    turn(name, false);
    node_.addEventListener("click", () => turn(name, node_.getAttribute("aria-pressed") !== "true"));
  }
  const size = buildSize(canvas);
  toolbar.size = size;
  toolbar.undo = button({ name: "undo", label: "Undo", key: "Ctrl Z" });
  toolbar.redo = button({ name: "redo", label: "Redo", key: "Ctrl Shift Z" });
  toolbar.undo.classList.add("st-undo");
  toolbar.redo.classList.add("st-redo");
  toolbar.clear = button({ name: "clear", label: "New drawing", key: "N",
    tip: isFacades() ? "New: a bare wall" : "New: an empty canvas" });
  toolbar.help = button({ name: "help", label: "Help", tip: "Tools and keys", key: "?" });
  toolbar.undo.addEventListener("click", () => canvas.undo());
  toolbar.redo.addEventListener("click", () => canvas.redo());
  toolbar.clear.addEventListener("click", onNew);
  toolbar.help.addEventListener("click", onHelp);
  toolbar.showHistory = () => {
    toolbar.undo.disabled = !canvas.history.canUndo;
    toolbar.redo.disabled = !canvas.history.canRedo;
  };
  toolbar.back = () => choose(last);
  toolbar.restore = ({ tool, brush, gap, mirror, grid }) => {
    if (brush) canvas.setBrush(brush);
    if (gap) canvas.setGap(gap);
    turn("mirror", mirror === true);
    turn("grid", grid === true);
    choose(tool in toolbar.tools ? tool : canvas.tool);
  };
  const row = Object.assign(document.createElement("div"), { className: "st-tools" });
  row.append(
    ...Object.values(toolbar.tools), ...Object.values(toolbar.toggles), toolbar.undo, toolbar.redo,
    toolbar.clear, toolbar.help,
  );
  node.append(row, size.node);
  choose(canvas.tool);
  toolbar.showHistory();
  return toolbar;
}

/** The slider: how thick the brush is, or with the repeat tool how far apart the copies are. */
function buildSize(canvas) {
  const node = Object.assign(document.createElement("label"), { className: "st-size" });
  const input = Object.assign(document.createElement("input"), {
    type: "range", min: 1, max: 64, step: 1,
  });
  const shown = document.createElement("output");
  const isGap = () => canvas.tool === "repeat";
  const size = {
    node,
    show() {
      const value = isGap() ? canvas.gap : canvas.brush;
      input.value = value;
      shown.textContent = value;
      input.setAttribute("aria-label", isGap() ? "Distance in pixels" : "Brush size in pixels");
      node.dataset.tip = isGap() ? "Distance between copies  [ ]" : "Brush size  [ ]";
    },
    set(value) {
      if (isGap()) canvas.setGap(value);
      else canvas.setBrush(value);
      size.show();
      notify("setting");
    },
    step(sign) {
      const value = isGap() ? canvas.gap : canvas.brush;
      size.set(value + sign * Math.max(1, Math.round(value / 8)));
    },
  };
  input.addEventListener("input", () => size.set(Number(input.value)));
  node.append(input, shown);
  return size;
}

/** Copy, paste and the rest on the canvas itself, for hands without a keyboard. */
export function buildSelectionBar(canvas) {
  const node = group("st-selectbar", "toolbar", "Selection");
  node.hidden = true;
  const actions = [
    ["copy", "Copy", "Ctrl C", () => canvas.copy()],
    ["paste", "Paste", "Ctrl V", () => canvas.paste()],
    ["duplicate", "Duplicate", "Ctrl D", () => canvas.duplicate()],
    ["remove", "Delete", "Del", () => canvas.remove()],
    ["drop", "Drop the selection", "Esc", () => canvas.escape()],
  ];
  const buttons = {};
  for (const [name, label, key, act] of actions) {
    buttons[name] = button({ name, label, key });
    buttons[name].addEventListener("click", () => {
      act();
      if (node.hidden) canvas.element.focus({ preventScroll: true }); // nobody loses their place
    });
    node.append(buttons[name]);
  }
  const show = () => {
    const { box, clipboard } = canvas.selection;
    const selecting = canvas.tool === "select" || canvas.tool === "repeat";
    node.hidden = !selecting || Boolean(canvas.stroke) || !(box || clipboard);
    for (const name of ["copy", "duplicate", "remove", "drop"]) buttons[name].disabled = !box;
    buttons.paste.disabled = !clipboard;
    node.classList.toggle("st-above", Boolean(box) && box.top + box.height > canvas.shape.height * 0.75);
  };
  return { node, show };
}
