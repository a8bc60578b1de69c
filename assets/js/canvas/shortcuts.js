// Keyboard shortcuts of a drawing tab. They act only while it is hovered or focused, never in a text field.

import { isTextField } from "../core/dom.js";
import { keyOf, zoomKeyOf } from "./keyboard_layout.js";
import { PEN_TOGGLES, TOGGLES, toolsOf } from "./toolbar.js";

const ARROWS = { arrowleft: [-1, 0], arrowright: [1, 0], arrowup: [0, -1], arrowdown: [0, 1] };
const FAR = 8; // pixels that an arrow moves the selection with Shift

/** Whether shortcuts act on this tab. */
function isActive(tab) {
  if (tab.offsetParent === null || document.querySelector("dialog[open]")) return false;
  return tab.matches(":hover") || tab.contains(document.activeElement);
}

/** `parts`: { canvas, toolbar, palette, help, cursor, requestPicture }; see draw.js. */
export function bindShortcuts(tab, parts) {
  document.addEventListener("keydown", (event) => {
    if (isTextField(event.target) || !isActive(tab)) return;
    const action = pick(event, parts);
    if (!action) return;
    event.preventDefault();
    action();
  });
  bindSpace(tab, parts);
  hideTips(tab);
}

/** Hides tooltips from a press on, until a mouse moves over the tab again or a key is pressed. */
function hideTips(tab) {
  const hide = (on) => () => tab.classList.toggle("st-pressed", on);
  tab.addEventListener("pointerdown", hide(true), { capture: true });
  tab.addEventListener("pointerover", (event) => {
    if (event.pointerType === "mouse" && !event.buttons) tab.classList.remove("st-pressed");
  });
  document.addEventListener("keydown", hide(false));
}

/** Space held over the sheet makes the pointer move it, unless the keyboard's cross is on it. */
function bindSpace(tab, { canvas, cursor }) {
  let isHeld = false;
  let byKeys = false; // whether the focus was moved by keys: then Space presses the button that has it
  document.addEventListener("pointerdown", () => { byKeys = false; }, { capture: true });
  const hold = (on) => {
    isHeld = on;
    canvas.input.holdSpace(on);
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Tab") byKeys = true;
    if (event.key !== " " || event.defaultPrevented || isTextField(event.target)) return;
    if (!isHeld && (cursor.isShown || !isActive(tab) || !canvas.frame.matches(":hover"))) return;
    if (byKeys && event.target.matches("button")) return;
    event.preventDefault();
    if (!isHeld) hold(true);
  });
  document.addEventListener("keyup", (event) => {
    if (event.key !== " " || !isHeld) return;
    event.preventDefault(); // else a button that has the focus is pressed
    hold(false);
  });
  window.addEventListener("blur", () => isHeld && hold(false));
}

/** The action of a key press; null where it has none, so that the browser handles it. */
function pick(event, { canvas, toolbar, palette, help, cursor, requestPicture }) {
  const zoom = zoomKeyOf(event);
  if (zoom) return zoomAction(zoom, canvas);
  const key = keyOf(event);
  if (!key || (event.altKey && !"[]".includes(key))) return null; // a Mac types [ with Option
  if (event.ctrlKey || event.metaKey) return pickWithControl(key, event.shiftKey, canvas, toolbar);
  if (key in ARROWS) return pickArrow(event, ARROWS[key], canvas, cursor);
  if (event.target === canvas.element && [" ", "enter"].includes(key)) {
    if (key === " " && !cursor.isShown && canvas.frame.matches(":hover")) return null; // see bindSpace
    return () => event.repeat || cursor.press();
  }
  const tool = toolsOf(canvas).find((entry) => entry.key.toLowerCase() === key);
  if (tool) return () => toolbar.tools[tool.tool].click();
  const toggle = [...TOGGLES, ...PEN_TOGGLES].find((entry) => entry.key.toLowerCase() === key);
  if (toggle && !toolbar.toggles[toggle.name].hidden) return () => toolbar.toggles[toggle.name].click();
  const chip = palette.chips[palette.keys.indexOf(key)];
  if (chip) return () => chip.click();
  if ("+-0=".includes(key)) return zoomAction(key === "=" ? "+" : key, canvas);
  return {
    escape: () => canvas.escape(),
    delete: () => canvas.remove(),
    backspace: () => canvas.remove(),
    "[": () => toolbar.size.step(-1),
    "]": () => toolbar.size.step(1),
    n: () => toolbar.clear.click(),
    d: requestPicture,
    "?": help.open,
  }[key] ?? null;
}

/** Zooms about the pointer, else about the middle of the frame. */
function zoomAction(key, { view, hover, shape }) {
  if (key === "0") return () => view.fit();
  const at = hover ? view.positionOf({ x: hover.x / shape.width, y: hover.y / shape.height }) : undefined;
  return () => (key === "+" ? view.zoomIn(at) : view.zoomOut(at));
}

/** Arrows move the tool that is down at the cross, else the selection, else the cross. */
function pickArrow(event, [dx, dy], canvas, cursor) {
  const far = event.shiftKey;
  if (canvas.selection.box && !cursor.isDown) {
    if (event.target.type === "range") return null; // arrows move the focused slider
    return () => canvas.nudge(dx * (far ? FAR : 1), dy * (far ? FAR : 1));
  }
  return event.target === canvas.element ? () => cursor.move(dx, dy, far) : null;
}

function pickWithControl(key, shift, canvas, toolbar) {
  const selecting = canvas.selection.box !== null;
  if (key === "z") return () => (shift ? toolbar.redo : toolbar.undo).click();
  if (key === "y") return () => toolbar.redo.click();
  if (key === "c" && selecting) return () => canvas.copy();
  if (key === "d" && selecting) return () => canvas.duplicate();
  if (key === "v" && canvas.selection.clipboard) {
    return () => {
      if (!["select", "repeat"].includes(canvas.tool)) toolbar.tools.select.click();
      canvas.paste();
    };
  }
  return null;
}
