// Creates elements, and asks about them.

/**
 * An element with these properties and children. `class`, `style`, `dataset` and `on` (listeners by
 * event) are understood; `role` and names with a dash become attributes, all others DOM properties.
 * Children are nodes or strings; null, undefined, false and "" are left out.
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProp(node, name, value);
  node.append(...children.flat().filter(Boolean));
  return node;
}

function setProp(node, name, value) {
  if (value === undefined) return;
  if (name === "class") node.className = value;
  else if (name === "style") setStyle(node, value);
  else if (name === "dataset") Object.assign(node.dataset, value);
  else if (name === "on") {
    for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
  } else if (name === "role" || name.includes("-")) node.setAttribute(name, value);
  else node[name] = value;
}

/** Sets CSS properties, custom ones (`--name`) too. */
export function setStyle(node, style) {
  for (const [name, value] of Object.entries(style)) {
    if (name.startsWith("--")) node.style.setProperty(name, value);
    else node.style[name] = value;
  }
}

/** Whether typing goes into this element. */
export function isTextField(node) {
  if (node?.isContentEditable) return true;
  if (node?.tagName === "INPUT") return node.type !== "range";
  return ["TEXTAREA", "SELECT"].includes(node?.tagName);
}
