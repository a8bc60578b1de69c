// The help dialog: every tool and class with its key.

import { dialog } from "../core/controls.js";
import { h } from "../core/dom.js";
import { swatch } from "../canvas/palette.js";
import { PEN_TOGGLES, TOGGLES, describeTool, toolsOf } from "../canvas/toolbar.js";

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
  ["Wheel, pinch", "Zoom at the pointer; two fingers, the middle button or Space and a drag move the sheet"],
  ["Shift + - 0", "Zoom in, zoom out, show the whole sheet; + and - of the number pad too"],
  ["N", "New drawing"],
  ["D", "Draw the picture now"],
  ["?", "This help"],
  ["Any keyboard", "Letters as printed on the keys; with other scripts, by place as on a US keyboard. "
    + "So are the digits, - and =, and the two keys right of P for [ ]"],
];

/** `rows` are [mark, name, text]; the name may be "". */
function section(title, rows) {
  return h("section", {}, h("h3", {}, title), h("dl", { class: "st-keys" }, rows.map(([mark, name, text]) => (
    h("div", {}, h("dt", {}, mark), h("dd", {}, name && h("b", {}, name), name && " ", text))
  ))));
}

/** The dialog `node`, and `open()`. Its two hundred elements are made when it is opened for the first time. */
export function buildHelp(classes, canvas) {
  const node = dialog("st-help", "Tools and keys");
  const open = () => {
    if (node.childElementCount === 1) node.append(...buildSections(classes, canvas)); // the title alone
    if (!node.open) node.showModal();
  };
  return { node, open };
}

function buildSections(classes, canvas) {
  const key = (text) => h("kbd", {}, text);
  const tools = [...toolsOf(canvas), ...TOGGLES, ...PEN_TOGGLES];
  return [
    section("Tools", tools.map((tool) => [key(tool.key), tool.label, describeTool(tool, canvas.hasWall)])),
    section("Classes", classes.map((entry) => [swatch(entry), entry.name, entry.meaning])),
    section("More", KEYS.map(([keys, text]) => [key(keys), "", text])),
  ];
}
