// A dialog that shows the photo coloured at each working size, to pick one.

import { dialog, statusLine } from "../core/controls.js";
import { h, setStyle } from "../core/dom.js";

const ADVICE = "Small sees the whole, large the details. The photo keeps its own size.";

/**
 * `ask()` resolves to { sizes: [{ size, image }] }; `pick(size)` is called with the chosen size.
 * Returns the dialog's `node` and `open(size, aspect)`: the current size, and width / height.
 */
export function buildSizePicker({ sizes, ask, pick }) {
  const options = new Map(sizes.map((size) => [size, h("button", {
    type: "button", class: "st-result", "aria-label": `Working size ${size}`,
    on: { click: () => { node.close(); pick(size); } },
  }, h("img", { alt: "" }), h("span", {}, `${size} px`))]));
  const status = statusLine("st-caption", ADVICE);
  const node = dialog("st-size-picker", "Working size", status, h("div", { class: "st-results" }, ...options.values()));

  async function open(size, aspect) {
    for (const [value, option] of options) {
      option.setAttribute("aria-pressed", String(value === size));
      option.firstChild.removeAttribute("src");
    }
    setStyle(node, { "--aspect": aspect });
    node.classList.add("st-working-results");
    node.showModal();
    options.get(size)?.focus();
    try {
      for (const { size: value, image } of (await ask())?.sizes ?? []) {
        const option = options.get(value);
        if (option) option.firstChild.src = image;
      }
    } catch (error) {
      status.textContent = error.message;
    }
    node.classList.remove("st-working-results");
  }
  return { node, open };
}
