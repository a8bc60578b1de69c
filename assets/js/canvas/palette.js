// The palette: a button for each class with its name, colour and, for the first twelve, a key.

import { group } from "../core/controls.js";
import { h } from "../core/dom.js";

const MANY = 24; // with more classes the palette scrolls

/** Relative luminance of an sRGB colour, 0 to 1: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(rgb) {
  const linear = rgb.map((v) => (v <= 10 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

/** The colour of a class with its key on it, in readable contrast; `rgb` is 0 to 255. */
export function swatch({ rgb, key }) {
  const isLight = luminance(rgb) > 0.179; // where black and white have the same contrast
  return h("kbd", {
    class: "st-swatch",
    style: { "--color": `rgb(${rgb.join(" ")})`, "--on-color": isLight ? "#000" : "#fff" },
  }, key);
}

/** The palette of a canvas: its `node`, `chips` (buttons by class id), their `keys` and `choose(id)`. */
export function buildPalette(canvas, classes, onSetting) {
  const choose = (id) => {
    canvas.classId = id;
    chips.forEach((chip, i) => chip.setAttribute("aria-pressed", String(i === id)));
    onSetting();
  };
  const chips = classes.map(({ name, meaning, rgb, key }, id) => {
    const description = meaning ? `${name}: ${meaning}` : name;
    return h("button", {
      type: "button", class: "st-chip",
      "aria-label": key ? `${description}, key ${key}` : description,
      dataset: { tip: key ? `${description}  ${key}` : description },
      on: { click: () => choose(id) },
    }, swatch({ rgb, key }), h("span", {}, name));
  });
  const node = group("st-palette", "group", "What to draw", chips);
  node.classList.toggle("st-many", classes.length > MANY);
  choose(canvas.classId);
  return { node, chips, choose, keys: classes.map(({ key }) => key) };
}
