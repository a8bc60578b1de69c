// What to start from, and the files that go in and out.

import { download } from "../core/download.js";
import { buildFilePicker, openFiles } from "./drawing_files.js";
import { button } from "../core/icons.js";
import { isFacades, randomSeed, studio } from "./studio.js";
import { unpackIds } from "../core/codec.js";

const OPENS = {
  facades: "Open a label image",
  labels: "Open a label image of these classes",
  lines: "Open a picture of lines",
};

export async function mountStartPanel({ element, props, trigger, watch }) {
  const root = element.querySelector(".st-shelf");
  studio.kind = props.kind;
  const starts = Object.assign(document.createElement("div"), { className: "st-thumbs" });
  starts.setAttribute("role", "group");
  starts.setAttribute("aria-label", "Start from");
  for (const { name, ids } of props.starts) {
    starts.append(thumbnail(name, await unpackIds(ids), props));
  }
  const facade = button({ name: "facade", label: "New facade", text: "New facade",
    tip: "A facade made up, another at each press" });
  facade.addEventListener("click", () => {
    props.value = { facade: randomSeed() };
    trigger("facade");
  });
  const files = openFiles({ tab: element.closest(".studio-desk"), props, trigger });
  const open = buildFilePicker({ name: "open", label: "Open a drawing", text: "Open",
    tip: `${OPENS[props.kind]}; or drop it on the canvas` }, files.open);
  studio.saveDrawing = async () => {
    await studio.publishDrawing();
    trigger("save");
  };
  watch("value", () => {
    const { drawing, refused } = props.value ?? {};
    if (drawing) download(drawing, `${props.file_name}-${props.kind === "lines" ? "lines" : "labels"}.png`);
    if (refused) files.refused(refused);
  });
  const actions = Object.assign(document.createElement("div"), { className: "st-actions" });
  if (isFacades()) actions.append(facade);
  actions.append(...open);
  if (props.traces) {
    actions.append(...buildFilePicker({ name: "trace", label: "Trace a photo", text: "Trace a photo",
      tip: "Make a drawing of a photo of a house" }, files.trace));
  }
  const title = Object.assign(document.createElement("span"), {
    className: "st-caption", textContent: "Start from",
  });
  root.replaceChildren(...(props.starts.length ? [title, starts] : []), actions);
}

function thumbnail(name, map, { width, height, classes }) {
  const node = Object.assign(document.createElement("button"), {
    type: "button", className: "st-thumb",
  });
  node.setAttribute("aria-label", `Start from: ${name}`);
  node.dataset.tip = name;
  node.style.aspectRatio = `${width} / ${height}`;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  map.forEach((id, i) => image.data.set([...(classes[id]?.rgb ?? [0, 0, 0]), 255], i * 4));
  context.putImageData(image, 0, 0);
  node.append(canvas);
  node.addEventListener("click", () => studio.canvas.replace(map));
  return node;
}
