// "Like another photo": a photo from which colours are taken, and how much it counts.

import { button, group } from "../core/controls.js";
import { h } from "../core/dom.js";
import { buildFilePicker } from "../core/file_input.js";

const START_STRENGTH = 0.6;

/**
 * `on`: read(file), which resolves to { colors, thumb } or rejects; set(reference), with null for none;
 * say(message). Returns its `node` and `show(reference)`.
 */
export function buildReferencePicker(on) {
  let current = null;
  const [opener, input] = buildFilePicker({
    name: "photo", label: "Like another photo", text: "Like another photo",
    tip: "Takes colours from a photo that you choose",
  }, ([file]) => open(file));
  const picture = h("img", { alt: "" });
  const name = h("span", { class: "st-reference-name" });
  const remove = button({ name: "drop", label: "Leave out the other photo's colours", tip: "Leave out",
    onClick: () => on.set(null) });
  const amount = h("input", {
    type: "range", min: 0, max: 100, step: 5, "aria-label": "How much the other photo counts",
    on: {
      input: () => { output.textContent = `${amount.value}%`; },
      change: () => on.set({ ...current, strength: Number(amount.value) / 100 }),
    },
  });
  const output = h("output");
  const chosen = group("st-reference", "group", "Like another photo",
    h("div", { class: "st-reference-photo" }, picture, name, remove),
    h("label", { class: "st-strength" }, h("span", {}, "How much"), amount, output));

  async function open(file) {
    opener.classList.add("st-working");
    opener.disabled = true;
    try {
      const { colors, thumb } = await on.read(file);
      on.set({ colors, thumb, name: file.name, strength: current?.strength ?? START_STRENGTH });
    } catch (error) {
      on.say(error.message);
    } finally {
      opener.classList.remove("st-working");
      opener.disabled = false;
    }
  }

  function show(reference) {
    current = reference;
    chosen.hidden = !reference;
    opener.hidden = Boolean(reference);
    if (!reference) return;
    if (picture.getAttribute("src") !== reference.thumb) picture.src = reference.thumb;
    name.textContent = reference.name;
    amount.value = Math.round(reference.strength * 100);
    output.textContent = `${amount.value}%`;
  }
  show(null);
  return { node: h("div", { class: "st-reference-picker" }, opener, input, chosen), show };
}
