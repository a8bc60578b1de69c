// The panel below the canvas: drawings to start from, and the files that go in and out.

import { unpackIds } from "../core/codec.js";
import { button, group, thumbnailButton } from "../core/controls.js";
import { h } from "../core/dom.js";
import { download } from "../core/download.js";
import { buildFilePicker } from "../core/file_input.js";
import { buildDrawingFiles } from "./drawing_files.js";
import { randomSeed, studioOf } from "./studio.js";

const OPEN_TIPS = {
  facades: "Open a label image",
  labels: "Open a label image of these classes",
  lines: "Open a picture of lines",
};

export async function mountStartPanel({ element, props, trigger, watch }) {
  const root = element.querySelector(".st-shelf");
  const studio = studioOf(props.tab);
  studio.kind = props.kind;
  const files = buildDrawingFiles({ studio, tab: element.closest(".studio-desk"), props, trigger });
  studio.saveDrawing = async () => {
    await studio.publishDrawing();
    trigger("save");
  };
  watch("value", () => {
    const { drawing, refused } = props.value ?? {};
    const suffix = props.kind === "lines" ? "lines" : "labels";
    if (drawing) download(drawing, `${props.file_name}-${suffix}.png`);
    if (refused) files.offerTracing(refused);
  });
  const starts = await Promise.all(props.starts.map(async ({ name, ids }) => (
    buildStart(name, await unpackIds(ids), props, studio)
  )));
  const makeFacade = () => {
    props.value = { facade: randomSeed() };
    trigger("facade");
  };
  root.replaceChildren(
    ...(starts.length ? [
      h("span", { class: "st-caption" }, "Start from"), group("st-thumbs", "group", "Start from", starts),
    ] : []),
    buildActions(studio, props, files, makeFacade),
  );
}

function buildActions(studio, props, files, makeFacade) {
  return h("div", { class: "st-actions" },
    studio.isFacades && button({ name: "facade", label: "New facade", text: "New facade",
      tip: "A facade made up, another at each press", onClick: makeFacade }),
    buildFilePicker({ name: "open", label: "Open a drawing", text: "Open",
      tip: `${OPEN_TIPS[props.kind]}; or drop it on the canvas` }, ([file]) => files.open(file)),
    props.traces && buildFilePicker({ name: "trace", label: "Trace a photo", text: "Trace a photo",
      tip: "Make a drawing of a photo of a house" }, ([file]) => files.trace(file)));
}

/** A button with a small picture of a label map, which becomes the drawing. */
function buildStart(name, map, { width, height, classes }, studio) {
  const picture = h("canvas", { width, height });
  const context = picture.getContext("2d");
  const image = context.createImageData(width, height);
  map.forEach((id, i) => image.data.set([...(classes[id]?.rgb ?? [0, 0, 0]), 255], i * 4));
  context.putImageData(image, 0, 0);
  return thumbnailButton({
    label: `Start from: ${name}`, tip: name, picture, style: { aspectRatio: `${width} / ${height}` },
    onClick: () => studio.canvas.replace(map),
  });
}
