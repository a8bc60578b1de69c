// Keyboard shortcuts of a Colourise tab. They act while it is open and no dialog is.

import { keyOf } from "../canvas/keyboard_layout.js";
import { isTextField } from "../core/dom.js";

/** `editor` is the ColorizeEditor of the tab, `brush` its RepairBrush, `suggestions` its Suggestions. */
export function bindShortcuts(root, editor, brush, suggestions) {
  document.addEventListener("keydown", (event) => {
    if (root.offsetParent === null || document.querySelector("dialog[open]") || !editor.current) return;
    const action = pick(event, editor, brush, suggestions);
    if (!action) return;
    event.preventDefault();
    action();
  });
}

/** The action of a key press; null where it has none, so that the browser handles it. */
function pick(event, editor, brush, suggestions) {
  const key = keyOf(event);
  if (event.altKey && !["[", "]"].includes(key)) return null; // a Mac types [ with Option
  if (event.ctrlKey || event.metaKey) {
    const edited = brush.tool ? brush : editor;
    if (key === "z") return () => edited.step(event.shiftKey ? "redo" : "undo");
    return key === "y" ? () => edited.step("redo") : null;
  }
  if (/^[1-5]$/.test(key) && !brush.tool && !isTextField(event.target) && suggestions.has(key - 1)) {
    return () => suggestions.pick(key - 1);
  }
  if (!brush.isAvailable || isTextField(event.target)) return null;
  if (key === "escape") return brush.tool ? () => brush.escape() : null;
  return {
    b: () => brush.choose("repair", true),
    k: () => brush.choose("keep", true),
    "[": () => brush.resize(brush.size - 1),
    "]": () => brush.resize(brush.size + 1),
  }[key] ?? null;
}
