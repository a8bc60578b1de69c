// A drawing tab: the canvas with its toolbar and palette, and the requests for the picture.

import { unpackIds } from "../core/codec.js";
import { showFailure, showNotice } from "../core/dialog.js";
import { LatestOnlyQueue } from "../core/latest_only_queue.js";
import { DrawingCanvas } from "../canvas/drawing_canvas.js";
import { KeyboardCursor } from "../canvas/keyboard_cursor.js";
import { buildPalette } from "../canvas/palette.js";
import { bindShortcuts } from "../canvas/shortcuts.js";
import { buildSelectionBar, buildToolbar } from "../canvas/toolbar.js";
import { autosaveDrawing, loadDrawing } from "./autosave.js";
import { fetchPicture } from "./draw_client.js";
import { buildHelp } from "./help.js";
import { buildLookPanel } from "./look_panel.js";
import { startNewDrawing } from "./new_drawing.js";
import { claimSave } from "./preview.js";
import { setAspectRatio, studioOf } from "./studio.js";

export async function mountDrawing({ element, props }) {
  const root = element.querySelector(".st-drawing");
  const studio = studioOf(props.tab);
  Object.assign(studio, { kind: props.kind, seed: props.seed, style: props.look });
  setAspectRatio(root, props);
  const { canvas, toolbar, palette, help } = buildDrawing(root, studio, props);
  const saved = loadDrawing(studio.tabId, props, props.classes.length, props.style_dim);
  restoreSettings(studio, { toolbar, palette }, saved);
  canvas.replace(saved.map ?? await unpackIds(props.start), {
    shape: saved.shape, looks: saved.looks, asStep: false,
  });
  autosaveDrawing(studio);
  connectServer(studio, props);
  if (props.draw_in && props.draw_in !== "server") offerBrowser(studio, props);
  // The picture that came with the page is of the start.
  if (saved.map || saved.seed !== undefined) studio.requestPicture();
  studio.notify("controls");
  const cursor = new KeyboardCursor(canvas, props.classes.map(({ name }) => name));
  const requestPicture = () => studio.requestPicture();
  bindShortcuts(element.closest(".studio-draw"), {
    canvas, toolbar, palette, help, cursor, requestPicture,
  });
  studio.setDrawingReady();
  root.dataset.ready = "true";
}

/** Builds the canvas, toolbar, palette and help. */
function buildDrawing(root, studio, props) {
  const canvas = new DrawingCanvas({
    shape: { width: props.width, height: props.height },
    colors: props.classes.map(({ rgb }) => rgb),
    hasWall: studio.isFacades,
    hasLooks: props.has_regions,
    view: studio.view,
    onChange: () => studio.drawingChanged(),
    onHistory: () => {
      toolbar.showHistory();
      studio.queue?.flush();
      studio.notify("change");
    },
    onPick: (id) => palette.choose(id),
    onPicked: () => toolbar.restoreTool(),
    onSelection: () => selectionBar?.show(),
    onPen: () => toolbar.showPen(),
    onLooks: () => {
      lookPanel?.render();
      studio.notify("controls");
    },
    onShape: () => {
      setAspectRatio(root, canvas.shape);
      studio.notify("shape");
    },
  });
  studio.canvas = canvas;
  setDefaultTool(canvas, props);
  const onSetting = () => studio.notify("setting");
  const help = buildHelp(props.classes, canvas);
  const palette = buildPalette(canvas, props.classes, onSetting);
  const selectionBar = buildSelectionBar(canvas);
  const lookPanel = canvas.hasLooks ? buildLookPanel(studio, canvas, props.styles) : null;
  const onTool = () => {
    selectionBar.show();
    lookPanel?.show();
  };
  const onNew = () => startNewDrawing(canvas, props);
  const toolbar = buildToolbar(canvas, { onNew, onHelp: help.open, onTool, onSetting });
  canvas.frame.append(selectionBar.node);
  root.replaceChildren(toolbar.node, canvas.frame, palette.node, ...(lookPanel ? [lookPanel.node] : []), help.node);
  onTool();
  return { canvas, toolbar, palette, help };
}

/** The tool, class and brush size at first; a brush size in `hand` is for a side of 256 pixels. */
function setDefaultTool(canvas, { hand, classes }) {
  const side = Math.min(canvas.shape.width, canvas.shape.height);
  canvas.classId = hand.class_id ?? Math.min(canvas.classId, classes.length - 1);
  canvas.tool = hand.tool ?? canvas.tool;
  canvas.smooth = hand.smooth ?? canvas.smooth;
  canvas.brush = Math.max(1, Math.round((hand.brush ?? canvas.brush) * (side / 256)));
}

function restoreSettings(studio, { toolbar, palette }, saved) {
  toolbar.restore(saved);
  palette.choose(saved.classId ?? studio.canvas.classId);
  if (saved.seed !== undefined) studio.seed = saved.seed;
  if (saved.map) studio.style = saved.style ?? null;
  if (saved.live === false) studio.live = false;
}

/** Lets this browser draw once it can; until then, and where it cannot, the server does. */
function offerBrowser(studio, props) {
  import("./browser_drawing.js")
    .then(({ drawInBrowser }) => drawInBrowser(studio, props))
    .catch((error) => console.info(`The server draws: ${error.message}`));
}

/** Sets what sends the drawing to the server. */
function connectServer(studio, props) {
  const { canvas } = studio;
  const request = async (id, options) => fetchPicture(props.api, { ...studio.copyPicture(), id, ...options });
  studio.fetchLarge = (id) => request(id, { format: "jpeg", large: true });
  studio.queue = new LatestOnlyQueue({
    send: (id) => sendDrawing(studio, id, request),
    onWaiting: (waiting) => studio.preview?.classList.toggle("st-busy", waiting),
    onFailure: (error) => showFailure(canvas.frame, error),
  });
  window.addEventListener("online", () => studio.queue.retryNow());
}

/** Requests the picture with this id and shows it. */
async function sendDrawing(studio, id, request) {
  const options = claimSave(studio, id);
  if (studio.preview) studio.preview.dataset.asked = String(id);
  const isSaved = () => studio.saving?.id === id;
  const picture = await request(id, options).catch((error) => {
    if (isSaved()) {
      studio.saving = null;
      // The queue reports only the failure of its newest request.
      if (id !== studio.queue.id) showFailure(studio.canvas.frame, error);
    }
    throw error;
  });
  studio.queue.answered(id);
  await studio.previewReady;
  if (picture?.notice) showNotice(studio.canvas.frame, picture.notice);
  if (picture) studio.show(picture, id);
  else if (isSaved()) studio.requestSave(studio.saving.what); // superseded by a newer request
}
