// A button that opens a short menu above itself.

import { button } from "./icons.js";

/** `items`: [label, what comes of it, act] each. */
export function buildMenu(options, items) {
  const root = Object.assign(document.createElement("div"), { className: "st-menu" });
  const opener = button(options);
  delete opener.dataset.tip;
  opener.setAttribute("aria-haspopup", "menu");
  const list = Object.assign(document.createElement("div"), { className: "st-items", hidden: true });
  list.setAttribute("role", "menu");
  list.setAttribute("aria-label", options.label);
  const entries = items.map(([label, about, act]) => {
    const entry = Object.assign(document.createElement("button"), {
      type: "button", textContent: label, tabIndex: -1,
    });
    entry.append(Object.assign(document.createElement("small"), { textContent: about }));
    entry.setAttribute("role", "menuitem");
    entry.setAttribute("aria-label", label);
    entry.addEventListener("click", () => {
      open(false);
      act();
    });
    return entry;
  });
  list.append(...entries);

  function open(on) {
    list.hidden = !on;
    opener.setAttribute("aria-expanded", String(on));
    (on ? entries[0] : opener).focus();
  }
  opener.setAttribute("aria-expanded", "false");
  opener.addEventListener("click", () => open(list.hidden));
  root.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      const at = entries.indexOf(document.activeElement) + step;
      entries[(at + entries.length) % entries.length].focus();
    } else if (event.key === "Escape") open(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!list.hidden && !root.contains(event.target)) list.hidden = true;
    opener.setAttribute("aria-expanded", String(!list.hidden));
  });
  root.append(opener, list);
  return root;
}
