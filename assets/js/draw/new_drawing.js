// The question before a new drawing, which also asks for the shape of its sheet.

import { bareWall } from "../canvas/label_map.js";
import { sheetShape } from "../canvas/sheet_shape.js";
import { confirmDialog } from "../core/dialog.js";
import { h } from "../core/dom.js";

const RATIOS = [[1, 2, "Tall"], [2, 3, "Tall"], [1, 1, "Square"], [3, 2, "Wide"], [2, 1, "Wide"]];

/** Puts the drawing away for an empty sheet, once the visitor has agreed. `props`: the kind and own shape. */
export async function startNewDrawing(canvas, props) {
  const shapes = props.kind === "lines" ? null : buildShapes(props, canvas.shape);
  const isEmpty = isSame(canvas.map, emptySheet(canvas, canvas.shape));
  if (isEmpty && !shapes) return;
  const question = isEmpty ? "A new sheet" : "Put this drawing away?";
  const sure = await confirmDialog(canvas.frame, question, "New drawing", "Keep it", { content: shapes?.node });
  const shape = shapes?.chosen() ?? canvas.shape;
  if (sure) canvas.replace(emptySheet(canvas, shape), { shape });
}

const isSame = (a, b) => a.every((id, i) => id === b[i]);

const emptySheet = ({ hasWall }, shape) => (
  hasWall ? bareWall(shape) : new Uint8Array(shape.width * shape.height)
);

/** A small rectangle of this shape. */
const outlineOf = ({ width, height }) => h("span", {
  style: { aspectRatio: `${width} / ${height}`, [width > height ? "width" : "height"]: "36px" },
});

/** The choice of a shape: its `node`, and `chosen()`. */
function buildShapes(props, current) {
  const own = [props.width, props.height, "As the model"];
  const hasOwn = RATIOS.some(([x, y]) => x * props.height === y * props.width);
  const shapes = (hasOwn ? RATIOS : [own, ...RATIOS]).map(([width, height, name]) => ({
    ...sheetShape(props, { width, height }), name: `${name}, ${width} to ${height}`,
  }));
  const at = shapes.findIndex(({ width, height }) => width === current.width && height === current.height);
  const inputs = shapes.map(({ name }, i) => h("input", {
    type: "radio", name: "st-shape", value: String(i), checked: i === Math.max(at, 0), "aria-label": name,
  }));
  const node = h("div", { class: "st-shapes", role: "radiogroup", "aria-label": "Shape of the sheet" },
    inputs.map((input, i) => h("label", {}, input, outlineOf(shapes[i]))));
  const chosen = () => {
    const { width, height } = shapes[inputs.findIndex(({ checked }) => checked)];
    return { width, height };
  };
  return { node, chosen };
}
