// Keys of the Draw tab. They act only while it has the pointer or the focus, never in a text field.

function isTextField(node) {
  if (node?.isContentEditable) return true;
  if (node?.tagName === "INPUT") return node.type !== "range";
  return ["TEXTAREA", "SELECT"].includes(node?.tagName);
}

function isActive(desk) {
  return desk.offsetParent !== null && (desk.matches(":hover") || desk.contains(document.activeElement));
}

/** `actions` holds buttons to press, by key; see draw.js. */
export function bindKeys(desk, actions) {
  document.addEventListener("keydown", (event) => {
    if (isTextField(event.target) || !isActive(desk)) return;
    const action = pick(event, actions);
    if (!action) return;
    event.preventDefault();
    action();
  });
}

function pick(event, actions) {
  const key = event.key.toLowerCase();
  if (event.altKey) return null;
  if (event.ctrlKey || event.metaKey) {
    if (key === "z") return () => (event.shiftKey ? actions.redo : actions.undo).click();
    if (key === "y") return () => actions.redo.click();
    return null;
  }
  if (key === "escape") return actions.cancel;
  if (key === "[") return () => actions.brush(-1);
  if (key === "]") return () => actions.brush(1);
  if (key === "n") return () => actions.clear.click();
  const chip = actions.classes[actions.classKeys.indexOf(key)];
  const target = actions.tools[key] ?? chip;
  return target ? () => target.click() : null;
}
