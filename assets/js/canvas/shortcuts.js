// Keys of the Draw tab. They act only while it has the pointer or the focus, never in a text field.

import { keyOf } from "./keyboard_layout.js";
import { drawNow } from "../draw/studio.js";
import { SWITCHES, TOOLBAR } from "./toolbar.js";

const ARROWS = { arrowleft: [-1, 0], arrowright: [1, 0], arrowup: [0, -1], arrowdown: [0, 1] };
const FAR = 8; // pixels that Shift and an arrow move

function isTextField(node) {
  if (node?.isContentEditable) return true;
  if (node?.tagName === "INPUT") return node.type !== "range";
  return ["TEXTAREA", "SELECT"].includes(node?.tagName);
}

/** An arrow belongs to a slider that has the focus, and so do Enter and Space to a button. */
function isActive(desk) {
  if (desk.offsetParent === null || document.querySelector("dialog[open]")) return false;
  return desk.matches(":hover") || desk.contains(document.activeElement);
}

/** `parts`: the sheet, and what was built round it; see draw.js. */
export function bindKeys(desk, parts) {
  document.addEventListener("keydown", (event) => {
    if (isTextField(event.target) || !isActive(desk)) return;
    const action = pick(event, parts);
    if (!action) return;
    event.preventDefault();
    action();
  });
}

function pick(event, { sheet, rail, palette, help, cursor }) {
  const key = keyOf(event);
  if (!key || (event.altKey && !"[]".includes(key))) return null; // a Mac types [ with Option
  if (event.ctrlKey || event.metaKey) return pickWithControl(key, event.shiftKey, sheet, rail);
  if (key in ARROWS) return pickArrow(event, ARROWS[key], sheet, cursor);
  if (event.target === sheet.canvas && [" ", "enter"].includes(key)) {
    return () => event.repeat || cursor.press();
  }
  const tool = TOOLBAR.find((entry) => entry.key.toLowerCase() === key);
  if (tool) return () => rail.tools[tool.tool].click();
  const toggle = SWITCHES.find((entry) => entry.key.toLowerCase() === key);
  if (toggle) return () => rail.switches[toggle.name].click();
  const chip = palette.chips[palette.keys.indexOf(key)];
  if (chip) return () => chip.click();
  return {
    escape: () => sheet.escape(),
    delete: () => sheet.remove(),
    backspace: () => sheet.remove(),
    "[": () => rail.size.step(-1),
    "]": () => rail.size.step(1),
    n: () => rail.clear.click(),
    d: drawNow,
    "?": help.open,
  }[key] ?? null;
}

/** Arrows move the tool that keys have put down, else the selection, else the cross. */
function pickArrow(event, [dx, dy], sheet, cursor) {
  const far = event.shiftKey;
  if (sheet.selection.box && !cursor.isDown) {
    if (event.target.type === "range") return null;
    return () => sheet.nudge(dx * (far ? FAR : 1), dy * (far ? FAR : 1));
  }
  return event.target === sheet.canvas ? () => cursor.move(dx, dy, far) : null;
}

function pickWithControl(key, shift, sheet, rail) {
  const selecting = sheet.selection.box !== null;
  if (key === "z") return () => (shift ? rail.redo : rail.undo).click();
  if (key === "y") return () => rail.redo.click();
  if (key === "c" && selecting) return () => sheet.copy();
  if (key === "d" && selecting) return () => sheet.duplicate();
  if (key === "v" && sheet.selection.clipboard) {
    return () => {
      if (!["select", "repeat"].includes(sheet.tool)) rail.tools.select.click();
      sheet.paste();
    };
  }
  return null;
}
