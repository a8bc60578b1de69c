// The classes: name, colour and, for the first twelve, a key each.

import { notify } from "../draw/studio.js";

const MANY = 24; // more chips than this scroll

/** Relative luminance of sRGB, as WCAG defines it. */
function luminance(rgb) {
  const linear = rgb.map((v) => (v <= 10 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

/** A class's colour with its key in it, readable on it. */
export function swatch({ rgb, key }) {
  const node = Object.assign(document.createElement("kbd"), {
    className: "st-swatch", textContent: key,
  });
  const light = luminance(rgb) > 0.179; // there black and white stand out alike
  node.style.setProperty("--color", `rgb(${rgb.join(" ")})`);
  node.style.setProperty("--on-color", light ? "#000" : "#fff");
  return node;
}

export function buildPalette(canvas, classes) {
  const node = Object.assign(document.createElement("div"), { className: "st-palette" });
  node.setAttribute("role", "group");
  node.setAttribute("aria-label", "What to draw");
  const choose = (id) => {
    canvas.classId = id;
    chips.forEach((chip, i) => chip.setAttribute("aria-pressed", String(i === id)));
    notify("setting");
  };
  const chips = classes.map(({ name, meaning, rgb, key }, id) => {
    const chip = Object.assign(document.createElement("button"), {
      type: "button", className: "st-chip",
    });
    const about = meaning ? `${name}: ${meaning}` : name;
    chip.dataset.tip = key ? `${about}  ${key}` : about;
    const text = Object.assign(document.createElement("span"), { textContent: name });
    chip.append(swatch({ rgb, key }), text);
    chip.setAttribute("aria-label", key ? `${about}, key ${key}` : about);
    chip.addEventListener("click", () => choose(id));
    return chip;
  });
  node.classList.toggle("st-many", classes.length > MANY);
  node.append(...chips);
  choose(canvas.classId);
  return { node, chips, choose, keys: classes.map((c) => c.key) };
}
