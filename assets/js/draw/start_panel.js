// The panel below the canvas: drawings to start from, and the files that go in and out.

import { colorLookup, paintIds } from "../canvas/label_map.js";
import { unpackIds } from "../core/codec.js";
import { button, group, thumbnailButton } from "../core/controls.js";
import { showFailure } from "../core/dialog.js";
import { h } from "../core/dom.js";
import { saveBlob } from "../core/download.js";
import { buildFilePicker } from "../core/file_input.js";
import { mapInTasks } from "../core/next_task.js";
import { fetchFacade, fetchLabelImage } from "./draw_client.js";
import { buildDrawingFiles } from "./drawing_files.js";
import { randomSeed, studioOf } from "./studio.js";
import { buildTracingPaper } from "./tracing_paper.js";

const OPEN_TIPS = {
  facades: "Open a label image",
  labels: "Open a label image of these classes",
  lines: "Open a picture of lines",
};
const TRACE_WORDS = {
  facades: { label: "Trace a photo", text: "Trace a photo", tip: "Make a drawing of a photo of a house" },
  lines: { label: "Lines from a photo", text: "Lines from a photo", tip: "Make a line drawing of a photo" },
};

export async function mountStartPanel({ element, props }) {
  const root = element.querySelector(".st-start-panel");
  const studio = studioOf(props.tab);
  studio.kind = props.kind;
  await studio.drawingReady;
  const files = buildDrawingFiles({ studio, tab: element.closest(".studio-draw"), props });
  const attempt = (work) => work().catch((error) => showFailure(studio.canvas.frame, error));
  studio.setDrawingSaver(() => attempt(async () => {
    const { blob, name } = await fetchLabelImage(props.api, await studio.packDrawing());
    saveBlob(blob, `${name}.png`);
  }));
  const lookup = colorLookup(props.classes.map(({ rgb }) => rgb));
  const starts = await mapInTasks(props.starts, async ({ name, ids }) => (
    buildStart(name, await unpackIds(ids), lookup, props, studio)
  ));
  const makeFacade = () => attempt(async () => {
    const { shape } = studio.canvas;
    studio.canvas.replace(await unpackIds(await fetchFacade(props.api, randomSeed(), shape)), { shape });
  });
  root.replaceChildren(
    ...(starts.length ? [
      h("span", { class: "st-caption" }, "Start from"), group("st-thumbs", "group", "Start from", starts),
    ] : []),
    buildActions(studio, props, files, { makeFacade, attempt }),
  );
}

function buildActions(studio, props, files, { makeFacade, attempt }) {
  return h("div", { class: "st-actions" },
    studio.isFacades && button({ name: "facade", label: "New facade", text: "New facade",
      tip: "A facade made up, another at each press", onClick: makeFacade }),
    buildFilePicker({ name: "open", label: "Open a drawing", text: "Open",
      tip: `${OPEN_TIPS[props.kind]}; or drop it on the canvas` }, ([file]) => files.open(file)),
    props.traces && buildFilePicker({ name: "trace", ...TRACE_WORDS[props.kind] ?? TRACE_WORDS.facades },
      ([file]) => files.trace(file)),
    ...buildTracingPaper(studio, attempt));
}

/** A button with a small picture of a label map, which becomes the drawing. */
function buildStart(name, map, lookup, { width, height }, studio) {
  const picture = h("canvas", { width, height });
  const context = picture.getContext("2d");
  const image = context.createImageData(width, height);
  paintIds(map, lookup, new Uint32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
  return thumbnailButton({
    label: `Start from: ${name}`, tip: name, picture, style: { aspectRatio: `${width} / ${height}` },
    onClick: () => studio.canvas.replace(map, { shape: { width, height } }),
  });
}
