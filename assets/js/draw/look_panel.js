// The controls of the Look tool, in the palette's place while it is chosen: which part of the sheet is drawn on, with
// what, and its look.

import { LOOK_COLORS } from "../canvas/look_layer.js";
import { swatch } from "../canvas/palette.js";
import { button, group } from "../core/controls.js";
import { h } from "../core/dom.js";
import { randomSeed } from "./studio.js";

const nameOf = ({ seed, style }) => style?.name ?? `seed ${seed}`;

/** Its `node`, and `show()` for when the tool has changed. `styles`: the named looks [{ name, style }]. */
export function buildLookPanel(studio, canvas, styles) {
  const { looks } = canvas;
  looks.newLook = () => newLook(studio, looks.state, styles);
  const means = [["rectangle", "Rectangle", "rectangle"], ["brush", "Brush", "brush"], ["erase", "Erase", "eraser"]];
  const buttons = means.map(([name, label, icon]) => [name, button({
    name: icon, label: `Look with: ${label}`, tip: name === "erase" ? "Back to the drawing's own look" : label,
    onClick: () => use(name),
  })]);
  const parts = group("st-parts", "group", "Parts with a look of their own");
  const add = button({ name: "add", label: "Another part", tip: "Another part, with a look of its own",
    onClick: () => looks.add() });
  const seed = button({ name: "surprise", label: "Another seed here", text: "Another seed",
    tip: "Another look of this part, at random", onClick: () => looks.change({ seed: randomSeed() }) });
  const remove = button({ name: "remove", label: "Remove this part", tip: "Back to the drawing's own look",
    onClick: () => { looks.remove(); looks.prepare(); } });
  const node = group("st-look-panel", "group", "Looks of parts",
    h("div", { class: "st-means" }, buttons.map(([, each]) => each)), parts, add, seed, remove);

  function use(name) {
    looks.erases = name === "erase" && !looks.erases;
    if (name !== "erase") looks.kind = name;
    looks.show();
    canvas.setTool(canvas.tool); // the brush has an outline
  }

  function render() {
    for (const [name, each] of buttons) {
      const isUsed = name === "erase" ? looks.erases : looks.kind === name;
      each.setAttribute("aria-pressed", String(isUsed));
    }
    const focused = [...parts.children].indexOf(document.activeElement);
    parts.replaceChildren(...looks.state.looks.flatMap((look, i) => (look ? [partButton(look, i)] : [])));
    parts.children[focused]?.focus();
    add.disabled = looks.isFull;
  }

  function partButton(look, i) {
    const id = i + 1;
    const chip = h("button", {
      type: "button", class: "st-chip", "aria-label": `Part ${id}: ${nameOf(look)}`,
      dataset: { tip: nameOf(look) }, on: { click: () => looks.choose(id) },
    }, swatch({ rgb: LOOK_COLORS[i], key: String(id) }));
    chip.setAttribute("aria-pressed", String(id === looks.current));
    return chip;
  }

  function show() {
    const isShown = canvas.tool === "look";
    node.hidden = !isShown;
    node.parentElement?.classList.toggle("st-looking", isShown);
    if (isShown) looks.prepare();
    else looks.show(); // without its tint
    studio.notify("controls"); // the gallery shows the look of the part
  }
  return { node, show, render };
}

/** A named look that neither the drawing nor a part of it has; a random seed where there is none. */
function newLook(studio, state, styles) {
  const used = new Set([studio.style, ...state.looks.map((look) => look?.style)].map((style) => style?.name));
  const free = styles.filter(({ name }) => !used.has(name));
  if (!free.length) return { seed: randomSeed() };
  // The looks that come next to each other in the gallery are alike
  const { name, style: values } = free[Math.floor(free.length / 2)];
  return { style: { name, values } };
}
