// The tools beside the sheet, and what is done with a selection.

import { button, group } from "../core/icons.js";
import { isFacades, tell } from "../draw/studio.js";

export const TOOLBAR = [
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
export const SWITCHES = [
  { name: "mirror", label: "Mirror", key: "M", does: "draws on both sides at once" },
  { name: "grid", label: "Snap to grid", key: "G", does: "lines, boxes and moves keep to the grid" },
];

/** What a tool does, said of what lies on this sheet. */
export const doesWhat = ({ does, plain }) => (isFacades() ? does : plain ?? does);

/** `rail.tools`, `.switches`, `.undo`, `.redo`, `.clear`, `.help` are its buttons. */
export function buildRail(sheet, { onNew, onHelp, onTool }) {
  const node = group("st-rail", "toolbar", "Tools");
  const rail = { node, tools: {}, switches: {} };
  let last = sheet.tool;
  const choose = (tool) => {
    if (sheet.tool !== "eyedropper") last = sheet.tool;
    sheet.setTool(tool);
    for (const [name, other] of Object.entries(rail.tools)) {
      other.setAttribute("aria-pressed", String(name === tool));
    }
    node.dataset.tool = tool;
    size.show();
    onTool();
    tell("setting");
  };
  for (const entry of TOOLBAR) {
    const { tool, label, key } = entry;
    rail.tools[tool] = button({ name: tool, label, key, tip: `${label}: ${doesWhat(entry)}` });
    rail.tools[tool].addEventListener("click", () => choose(tool));
  }
  for (const { name, label, key, does } of SWITCHES) {
    rail.switches[name] = button({ name, label, key, tip: `${label}: ${does}` });
  }
  const turn = (name, on) => {
    if (name === "mirror") sheet.setMirror(on);
    else sheet.setGrid(on);
    rail.switches[name].setAttribute("aria-pressed", String(on));
    tell("setting");
  };
  for (const [name, node_] of Object.entries(rail.switches)) {
    turn(name, false);
    node_.addEventListener("click", () => turn(name, node_.getAttribute("aria-pressed") !== "true"));
  }
  const size = buildSize(sheet);
  rail.size = size;
  rail.undo = button({ name: "undo", label: "Undo", key: "Ctrl Z" });
  rail.redo = button({ name: "redo", label: "Redo", key: "Ctrl Shift Z" });
  rail.undo.classList.add("st-undo");
  rail.redo.classList.add("st-redo");
  rail.clear = button({ name: "clear", label: "New drawing", key: "N",
    tip: isFacades() ? "New: a bare wall" : "New: an empty sheet" });
  rail.help = button({ name: "help", label: "Help", tip: "Tools and keys", key: "?" });
  rail.undo.addEventListener("click", () => sheet.undo());
  rail.redo.addEventListener("click", () => sheet.redo());
  rail.clear.addEventListener("click", onNew);
  rail.help.addEventListener("click", onHelp);
  rail.showHistory = () => {
    rail.undo.disabled = !sheet.history.canUndo;
    rail.redo.disabled = !sheet.history.canRedo;
  };
  rail.back = () => choose(last);
  rail.restore = ({ tool, brush, gap, mirror, grid }) => {
    if (brush) sheet.setBrush(brush);
    if (gap) sheet.setGap(gap);
    turn("mirror", mirror === true);
    turn("grid", grid === true);
    choose(tool in rail.tools ? tool : sheet.tool);
  };
  const row = Object.assign(document.createElement("div"), { className: "st-tools" });
  row.append(
    ...Object.values(rail.tools), ...Object.values(rail.switches), rail.undo, rail.redo,
    rail.clear, rail.help,
  );
  node.append(row, size.node);
  choose(sheet.tool);
  rail.showHistory();
  return rail;
}

/** The slider: how thick the brush is, or with the repeat tool how far apart the copies are. */
function buildSize(sheet) {
  const node = Object.assign(document.createElement("label"), { className: "st-size" });
  const input = Object.assign(document.createElement("input"), {
    type: "range", min: 1, max: 64, step: 1,
  });
  const shown = document.createElement("output");
  const isGap = () => sheet.tool === "repeat";
  const size = {
    node,
    show() {
      const value = isGap() ? sheet.gap : sheet.brush;
      input.value = value;
      shown.textContent = value;
      input.setAttribute("aria-label", isGap() ? "Distance in pixels" : "Brush size in pixels");
      node.dataset.tip = isGap() ? "Distance between copies  [ ]" : "Brush size  [ ]";
    },
    set(value) {
      if (isGap()) sheet.setGap(value);
      else sheet.setBrush(value);
      size.show();
      tell("setting");
    },
    step(sign) {
      const value = isGap() ? sheet.gap : sheet.brush;
      size.set(value + sign * Math.max(1, Math.round(value / 8)));
    },
  };
  input.addEventListener("input", () => size.set(Number(input.value)));
  node.append(input, shown);
  return size;
}

/** Copy, paste and the rest on the sheet itself, for hands without a keyboard. */
export function buildSelectionBar(sheet) {
  const node = group("st-selectbar", "toolbar", "Selection");
  node.hidden = true;
  const actions = [
    ["copy", "Copy", "Ctrl C", () => sheet.copy()],
    ["paste", "Paste", "Ctrl V", () => sheet.paste()],
    ["duplicate", "Duplicate", "Ctrl D", () => sheet.duplicate()],
    ["remove", "Delete", "Del", () => sheet.remove()],
    ["drop", "Drop the selection", "Esc", () => sheet.escape()],
  ];
  const buttons = {};
  for (const [name, label, key, act] of actions) {
    buttons[name] = button({ name, label, key });
    buttons[name].addEventListener("click", () => {
      act();
      if (node.hidden) sheet.canvas.focus({ preventScroll: true }); // nobody loses their place
    });
    node.append(buttons[name]);
  }
  const show = () => {
    const { box, clipboard } = sheet.selection;
    const selecting = sheet.tool === "select" || sheet.tool === "repeat";
    node.hidden = !selecting || Boolean(sheet.stroke) || !(box || clipboard);
    for (const name of ["copy", "duplicate", "remove", "drop"]) buttons[name].disabled = !box;
    buttons.paste.disabled = !clipboard;
    node.classList.toggle("st-above", Boolean(box) && box.top + box.height > sheet.shape.height * 0.75);
  };
  return { node, show };
}
