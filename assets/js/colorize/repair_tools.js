// The tools below "Remove scratches": two brushes, their size, undo, and what was repaired.

import { button, group } from "../core/controls.js";
import { h } from "../core/dom.js";
import { MAX_SIZE } from "./strokes.js";

/** [tool, icon, text, tooltip, key] of the brushes. */
export const BRUSHES = [
  ["repair", "heal", "Repair", "Repairs a place that was missed", "B"],
  ["keep", "shield", "Keep", "Leaves a place as it was: a wire, whiskers, a parting", "K"],
];

/**
 * `on`: choose(tool), resize(size), undo(), redo(), clear(), toggle(). Returns its `node`, `focus(tool)` and
 * `show({ tool, size, canUndo, canRedo, count, isShown })`.
 */
export function buildRepairTools(on) {
  const brushes = BRUSHES.map(([tool, name, text, tip, key]) => [tool, button({
    name, label: `${text} brush`, text, tip, key, onClick: () => on.choose(tool),
  })]);
  const size = h("input", {
    type: "range", min: 0, max: MAX_SIZE, step: 1, "aria-label": "Brush size",
    on: { input: () => on.resize(Number(size.value)) },
  });
  const undo = button({ name: "undo", label: "Undo the stroke", tip: "Undo", key: "Ctrl Z", onClick: on.undo });
  const redo = button({ name: "redo", label: "Redo the stroke", tip: "Redo", key: "Ctrl Y", onClick: on.redo });
  const clear = button({ name: "remove", label: "Clear the strokes", tip: "Clear", onClick: on.clear });
  const eye = button({ name: "eye", label: "Show repairs", onClick: on.toggle });
  const tools = group("st-repair-tools", "group", "Repair by hand",
    group("st-brushes", "toolbar", "Brushes", brushes.map(([, brush]) => brush)),
    h("label", { class: "st-brush-size", dataset: { tip: "Brush size  [ ]" } }, size),
    group("st-hint-tools", "toolbar", "Strokes", undo, redo, clear, eye));

  const node = h("div", { class: "st-repairing" }, tools); // keeps the room where the tools are moved

  function show({ tool, size: value, canUndo, canRedo, count, isShown }) {
    for (const [name, brush] of brushes) brush.setAttribute("aria-pressed", String(name === tool));
    size.value = value;
    undo.disabled = !canUndo;
    redo.disabled = !canRedo;
    clear.disabled = !count;
    eye.setAttribute("aria-pressed", String(isShown));
  }
  const focus = (tool) => brushes.find(([name]) => name === tool)[1].focus({ preventScroll: true });
  return { node, show, focus };
}
