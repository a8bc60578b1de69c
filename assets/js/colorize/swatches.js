// The colours for hints, and the actions on hints.

import { button, group } from "../core/controls.js";
import { h } from "../core/dom.js";
import { SWATCHES } from "./hints.js";

const START_CUSTOM = "#b06a4f";

/**
 * `suggestions` are the Suggestions, shown above the swatches. `on`: pick(color), undo(), redo(), remove(), add(), toggle(). Returns its `node`, `focus()` and
 * `show({ color, canUndo, canRedo, canRemove, count, hidden })`.
 */
export function buildSwatches(suggestions, on) {
  const colors = buildColors(on.pick);
  const undo = button({ name: "undo", label: "Undo the hint", tip: "Undo", key: "Ctrl Z", onClick: on.undo });
  const redo = button({ name: "redo", label: "Redo the hint", tip: "Redo", key: "Ctrl Y", onClick: on.redo });
  const add = button({ name: "add", label: "Add a hint", tip: "A hint in the middle, to be moved",
    onClick: on.add });
  const remove = button({ name: "remove", label: "Remove the hint", key: "Del", onClick: on.remove });
  const eye = button({ name: "eye", label: "Show the hints", onClick: on.toggle });
  const advice = h("p", { class: "st-caption" });
  const node = group("st-hints", "group", "Colour hints", heading("Hints"), advice, suggestions.node, colors.node,
    group("st-hint-tools", "toolbar", "Hints", undo, redo, add, remove, eye));

  function show({ color, canUndo, canRedo, canRemove, count, hidden }) {
    colors.show(color);
    undo.disabled = !canUndo;
    redo.disabled = !canRedo;
    remove.disabled = !canRemove;
    eye.disabled = !count;
    eye.setAttribute("aria-pressed", String(!hidden && count > 0));
    advice.textContent = count
      ? "Drag a dot to move it, or off the photo."
      : "A wrong colour? Click there, then pick the right one.";
  }
  return { node, show, focus: () => suggestions.focus() || colors.focus() };
}

/** The swatches, and an input for any other colour. */
function buildColors(pick) {
  const swatches = SWATCHES.map(([name, color]) => [h("button", {
    type: "button", class: "st-tint", "aria-label": name, style: { "--color": color },
    dataset: { tip: name }, on: { click: () => pick(color) },
  }), color]);
  const custom = h("input", {
    type: "color", class: "st-tint st-custom", value: START_CUSTOM, title: "Any other colour",
    "aria-label": "Any other colour",
    on: { input: () => pick(custom.value), click: () => { custom.dataset.used = ""; } },
  });

  function show(color) {
    for (const [swatch, value] of swatches) swatch.setAttribute("aria-pressed", String(value === color));
    const isOther = Boolean(color) && !SWATCHES.some(([, value]) => value === color);
    if (isOther) custom.value = color;
    custom.classList.toggle("st-chosen", isOther);
  }

  function focus() {
    const chosen = swatches.find(([swatch]) => swatch.ariaPressed === "true") ?? swatches[0];
    chosen[0].focus();
  }
  const node = group("st-swatches", "group", "Colours", swatches.map(([swatch]) => swatch), custom);
  return { node, show, focus };
}

/** The heading of a part of the panel. */
export function heading(text) { return h("h3", { class: "st-heading" }, text); }
