// Controls that several parts of the page use.

import { h } from "./dom.js";
import { icon } from "./icons.js";

/** A button with an icon, and a text where one is given. The tooltip is `tip`, else `label`, and the key. */
export function button({ name, label, tip = label, text = "", key = "", classes = "", onClick }) {
  return h("button", {
    type: "button", class: `st-button ${classes}`, "aria-label": label,
    dataset: { tip: key ? `${tip}  ${key}` : tip }, on: onClick && { click: () => onClick() },
  }, icon(name), text && h("span", {}, text));
}

/** A button that shows a picture, given as an <img> or <canvas>. */
export function thumbnailButton({ label, tip = "", picture, classes = "", style, onClick }) {
  return h("button", {
    type: "button", class: `st-thumb ${classes}`, "aria-label": label, dataset: tip && { tip }, style,
    on: { click: () => onClick() },
  }, picture);
}

/** A switch; its state is in aria-checked. */
export function switchButton({ text, tip, onClick }) {
  return h("button", {
    type: "button", class: "st-switch", role: "switch", dataset: { tip }, on: { click: () => onClick() },
  }, text);
}

/** A named group of controls. */
export function group(className, role, label, ...children) {
  return h("div", { class: className, role, "aria-label": label }, ...children);
}

/** A line of text that screen readers read out when it changes. */
export function statusLine(className = "st-caption", text = "") {
  return h("p", { class: className, role: "status" }, text);
}

/** A modal dialog with a title and a close button; a click on the backdrop closes it too. */
export function dialog(className, title, ...children) {
  const node = h("dialog", {
    class: className, "aria-labelledby": `${className}-title`,
    on: { click: (event) => event.target === node && node.close() },
  }, h("header", {},
    h("h2", { id: `${className}-title` }, title),
    button({ name: "drop", label: "Close", onClick: () => node.close() })), ...children);
  return node;
}

/** A canvas with a copy of an image or another canvas, drawn at its size or the one given. */
export function snapshot(source, { width, height }) {
  const copy = h("canvas", { width, height });
  copy.getContext("2d").drawImage(source, 0, 0, width, height);
  return copy;
}
