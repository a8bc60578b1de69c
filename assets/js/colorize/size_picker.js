// A contact sheet: the photo as each working size would colour it, side by side, to pick from.

import { button } from "../core/icons.js";

/** `ask()` promises prints [{ size, image }]; `pick(size)` takes one. */
export function buildContact({ sizes, ask, pick }) {
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
  const prints = new Map(sizes.map((size) => {
    const print = Object.assign(document.createElement("button"), {
      type: "button", className: "st-print",
    });
    print.setAttribute("aria-label", `Working size ${size}`);
    const image = Object.assign(new Image(), { alt: "" });
    const label = Object.assign(document.createElement("span"), { textContent: `${size} px` });
    print.append(image, label);
    print.addEventListener("click", () => {
      node.close();
      pick(size);
    });
    grid.append(print);
    return [size, print];
  }));
  node.append(head, words, grid);
  node.addEventListener("click", (event) => {
    if (event.target === node) node.close(); // on the backdrop
  });

  async function open(size, aspect) {
    for (const [value, print] of prints) {
      print.setAttribute("aria-pressed", String(value === size));
      print.firstChild.removeAttribute("src");
    }
    node.style.setProperty("--aspect", aspect);
    node.classList.add("st-working-prints");
    node.showModal();
    prints.get(size)?.focus();
    try {
      for (const print of (await ask())?.prints ?? []) {
        const shown = prints.get(print.size);
        if (shown) shown.firstChild.src = print.image;
      }
    } catch (error) {
      words.textContent = error.message;
    }
    node.classList.remove("st-working-prints");
  }
  return { node, open };
}
