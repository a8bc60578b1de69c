// The colours that a hint can have, and what can be done with hints.

import { SWATCHES } from "./hints.js";
import { button, group } from "../core/icons.js";

const START_CUSTOM = "#b06a4f";

/**
 * `on`: pick(color), undo(), redo(), remove(), add(), toggle(). Returns its node and
 * `show({ color, canUndo, canRedo, canRemove, count, hidden })`.
 */
export function buildSwatches(on) {
  const node = group("st-hints", "group", "Colour hints");
  const grid = group("st-swatches", "group", "Colours");
  const swatches = SWATCHES.map(([name, color]) => {
    const swatch = Object.assign(document.createElement("button"), {
      type: "button", className: "st-tint",
    });
    swatch.style.setProperty("--color", color);
    swatch.dataset.tip = name;
    swatch.setAttribute("aria-label", name);
    swatch.addEventListener("click", () => on.pick(color));
    grid.append(swatch);
    return [swatch, color];
  });
  const custom = Object.assign(document.createElement("input"), {
    type: "color", className: "st-tint st-custom", value: START_CUSTOM,
  });
  custom.setAttribute("aria-label", "Any other colour");
  custom.title = "Any other colour";
  custom.addEventListener("input", () => on.pick(custom.value));
  custom.addEventListener("click", () => { custom.dataset.used = ""; });
  grid.append(custom);

  const tools = group("st-hint-tools", "toolbar", "Hints");
  const undo = button({ name: "undo", label: "Undo the hint", tip: "Undo", key: "Ctrl Z" });
  const redo = button({ name: "redo", label: "Redo the hint", tip: "Redo", key: "Ctrl Y" });
  const add = button({ name: "add", label: "Add a hint", tip: "A hint in the middle, to be moved" });
  const remove = button({ name: "remove", label: "Remove the hint", key: "Del" });
  const eye = button({ name: "eye", label: "Show the hints" });
  const tools_ = [[undo, on.undo], [redo, on.redo], [add, on.add], [remove, on.remove], [eye, on.toggle]];
  for (const [control, act] of tools_) {
    control.addEventListener("click", () => act());
    tools.append(control);
  }
  const words = Object.assign(document.createElement("p"), { className: "st-caption" });
  node.append(heading("Hints"), words, grid, tools);

  function show({ color, canUndo, canRedo, canRemove, count, hidden }) {
    for (const [swatch, value] of swatches) swatch.setAttribute("aria-pressed", String(value === color));
    const other = color && !SWATCHES.some(([, value]) => value === color);
    if (other) custom.value = color;
    custom.classList.toggle("st-chosen", Boolean(other));
    undo.disabled = !canUndo;
    redo.disabled = !canRedo;
    remove.disabled = !canRemove;
    eye.disabled = !count;
    eye.setAttribute("aria-pressed", String(!hidden && count > 0));
    words.textContent = count
      ? "Drag a dot to move it, or off the photo."
      : "A wrong colour? Click there, then pick the right one.";
  }
  return { node, show, focus: () => (swatches.find(([s]) => s.ariaPressed === "true") ?? swatches[0])[0].focus() };
}

export function heading(text) {
  return Object.assign(document.createElement("h3"), { className: "st-heading", textContent: text });
}
