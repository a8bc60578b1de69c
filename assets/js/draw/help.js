// The help dialog: every tool and class with its key.

import { button } from "../core/icons.js";
import { swatch } from "../canvas/palette.js";
import { TOGGLES, TOOL_BUTTONS, describeTool } from "../canvas/toolbar.js";

const KEYS = [
  ["Ctrl Z", "Undo"],
  ["Ctrl Shift Z, Ctrl Y", "Redo"],
  ["Ctrl C, Ctrl V", "Copy the selection, paste it at the pointer"],
  ["Ctrl D, Del", "Duplicate the selection, delete it"],
  ["Arrows", "Move the selection; with Shift, further"],
  ["Tab, Arrows", "To the canvas; move a cross over it"],
  ["Space, Enter", "Put the tool down at the cross, and take it up again"],
  ["Esc", "Drop the stroke or the selection"],
  ["[ ]", "Brush size; with Repeat, the distance between copies"],
  ["N", "New drawing"],
  ["D", "Draw the picture now"],
  ["?", "This help"],
  ["Any keyboard", "Letters as printed on the keys; with other scripts, by place as on a US keyboard. "
    + "So are the digits, - and =, and the two keys right of P for [ ]"],
];

function element(tag, className, ...children) {
  const node = Object.assign(document.createElement(tag), { className });
  node.append(...children);
  return node;
}

function section(title, rows) {
  const list = element("dl", "st-keys");
  for (const [mark, name, text] of rows) {
    const about = element("dd", "", text);
    if (name) about.prepend(element("b", "", name), " ");
    list.append(element("div", "", element("dt", "", mark), about));
  }
  return element("section", "", element("h3", "", title), list);
}

export function buildHelp(classes) {
  const node = element("dialog", "st-help");
  node.setAttribute("aria-labelledby", "st-help-title");
  const title = element("h2", "", "Tools and keys");
  title.id = "st-help-title";
  const close = button({ name: "drop", label: "Close" });
  close.addEventListener("click", () => node.close());
  const key = (text) => element("kbd", "", text);
  node.append(
    element("header", "", title, close),
    section("Tools", [...TOOL_BUTTONS, ...TOGGLES].map((t) => [key(t.key), t.label, describeTool(t)])),
    section("Classes", classes.map((c) => [swatch(c), c.name, c.meaning])),
    section("More", KEYS.map(([keys, text]) => [key(keys), "", text])),
  );
  node.addEventListener("click", (event) => {
    if (event.target === node) node.close(); // on the backdrop
  });
  return { node, open: () => node.open || node.showModal() };
}
