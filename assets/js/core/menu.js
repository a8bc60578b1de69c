// A button that opens a short menu above itself.

import { button } from "./controls.js";
import { h } from "./dom.js";

/** `options` are those of `button`; `items` are [label, description, action]. */
export function buildMenu(options, items) {
  const entries = items.map(([label, description, act]) => h("button", {
    type: "button", tabIndex: -1, role: "menuitem", "aria-label": label,
    on: { click: () => { open(false); act(); } },
  }, label, h("small", {}, description)));
  const list = h("div", {
    class: "st-items", hidden: true, role: "menu", "aria-label": options.label,
  }, ...entries);
  const opener = button({ ...options, onClick: () => open(list.hidden) });
  delete opener.dataset.tip;
  opener.setAttribute("aria-haspopup", "menu");
  opener.setAttribute("aria-expanded", "false");

  function open(on) {
    list.hidden = !on;
    opener.setAttribute("aria-expanded", String(on));
    (on ? entries[0] : opener).focus();
  }

  function handleKey(event) {
    if (list.hidden) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      const at = entries.indexOf(document.activeElement) + step;
      entries[(at + entries.length) % entries.length].focus();
    } else if (event.key === "Escape") open(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  const root = h("div", { class: "st-menu", on: { keydown: handleKey } }, opener, list);
  document.addEventListener("pointerdown", (event) => {
    if (!list.hidden && !root.contains(event.target)) list.hidden = true;
    opener.setAttribute("aria-expanded", String(!list.hidden));
  });
  return root;
}
