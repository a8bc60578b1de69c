// A dialog that shows the photo coloured at each working size, to pick one.

import { button } from "../core/icons.js";

/** `ask()` resolves to { prints: [{ size, image }] }; `pick(size)` is called with the chosen size. */
export function buildSizePicker({ sizes, ask, pick }) {
  const node = Object.assign(document.createElement("dialog"), { className: "st-contact" });
  node.setAttribute("aria-labelledby", "st-contact-title");
  const title = Object.assign(document.createElement("h2"), {
    id: "st-contact-title", textContent: "Working size",
  });
  const close = button({ name: "drop", label: "Close" });
  close.addEventListener("click", () => node.close());
  const head = document.createElement("header");
  head.append(title, close);
  const words = Object.assign(document.createElement("p"), {
    className: "st-caption",
    textContent: "Small sees the whole, large the details. The photo keeps its own size.",
  });
  words.setAttribute("role", "status");
  const grid = Object.assign(document.createElement("div"), { className: "st-prints" });
  const options = new Map(sizes.map((size) => {
    const option = Object.assign(document.createElement("button"), {
      type: "button", className: "st-print",
    });
    option.setAttribute("aria-label", `Working size ${size}`);
    const image = Object.assign(new Image(), { alt: "" });
    const label = Object.assign(document.createElement("span"), { textContent: `${size} px` });
    option.append(image, label);
    option.addEventListener("click", () => {
      node.close();
      pick(size);
    });
    grid.append(option);
    return [size, option];
  }));
  node.append(head, words, grid);
  node.addEventListener("click", (event) => {
    if (event.target === node) node.close(); // on the backdrop
  });

  async function open(size, aspect) {
    for (const [value, option] of options) {
      option.setAttribute("aria-pressed", String(value === size));
      option.firstChild.removeAttribute("src");
    }
    node.style.setProperty("--aspect", aspect);
    node.classList.add("st-working-prints");
    node.showModal();
    options.get(size)?.focus();
    try {
      for (const option of (await ask())?.prints ?? []) {
        const shown = options.get(option.size);
        if (shown) shown.firstChild.src = option.image;
      }
    } catch (error) {
      words.textContent = error.message;
    }
    node.classList.remove("st-working-prints");
  }
  return { node, open };
}
