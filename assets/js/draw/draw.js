// A drawing tab's canvas, with the tools beside it and the palette below.

import { ask, notice } from "../core/dialog.js";
import { requestSave, claimSave } from "./preview.js";
import { KeyboardCursor } from "../canvas/keyboard_cursor.js";
import { buildHelp } from "./help.js";
import { bindShortcuts } from "../canvas/shortcuts.js";
import { bareWall } from "../canvas/label_map.js";
import { fetchPicture } from "./draw_client.js";
import { buildPalette } from "../canvas/palette.js";
import { LatestOnlyQueue } from "../core/latest_only_queue.js";
import { buildToolbar, buildSelectionBar } from "../canvas/toolbar.js";
import { autosaveDrawing, loadDrawing } from "./autosave.js";
import { DrawingCanvas } from "../canvas/drawing_canvas.js";
import { requestPicture, setAspectRatio, isFacades, drawingChanged, studio, notify } from "./studio.js";
import { packIds, unpackIds } from "../core/codec.js";

export async function mountDrawing({ element, props, watch }) {
  const root = element.querySelector(".st-drawing");
  studio.kind = props.kind;
  const shape = { width: props.width, height: props.height };
  setAspectRatio(root, shape);
  const canvas = new DrawingCanvas({
    shape,
    colors: props.classes.map((c) => c.rgb),
    hasWall: isFacades(),
    onChange: drawingChanged,
    onHistory: () => {
      toolbar.showHistory();
      studio.queue?.flush();
      notify("change");
    },
    onPick: (id) => palette.choose(id),
    onPicked: () => toolbar.back(),
    onSelection: () => selectionBar?.show(),
  });
  studio.canvas = canvas;
  applyDefaults(canvas, props);
  studio.seed = props.seed;
  const help = buildHelp(props.classes);
  const palette = buildPalette(canvas, props.classes);
  const selectionBar = buildSelectionBar(canvas);
  const toolbar = buildToolbar(canvas, { onNew: startNewDrawing, onHelp: help.open, onTool: selectionBar.show });
  canvas.frame.append(selectionBar.node);
  root.replaceChildren(toolbar.node, canvas.frame, palette.node, help.node);

  async function startNewDrawing() {
    const bare = isFacades() ? bareWall(shape) : new Uint8Array(canvas.map.length);
    if (canvas.map.every((id, i) => id === bare[i])) return;
    const sure = await ask(canvas.frame, "Put this drawing away?", "New drawing", "Keep it");
    if (sure) canvas.replace(bare);
  }

  watch("value", async () => {
    if (!props.value?.opened) return; // anything else is what we sent ourselves
    canvas.replace(await unpackIds(props.value.ids));
    notify("opened");
  });
  const kept = loadDrawing(shape, props.classes.length, props.style_dim);
  toolbar.restore(kept);
  palette.choose(kept.classId ?? canvas.classId);
  if (kept.seed !== undefined) studio.seed = kept.seed;
  studio.style = kept.style ?? null;
  if (kept.live === false) studio.live = false;
  studio.controls.showSeed?.();
  canvas.replace(kept.map ?? await unpackIds(props.start), { asStep: false });
  autosaveDrawing();

  const drawing = async (id, wanted) => ({
    ids: await packIds(canvas.map), seed: studio.seed, style: studio.style?.values, id, ...wanted,
  });
  studio.publishDrawing = async () => { props.value = await drawing(-1, { format: "png" }); };
  studio.fetchLarge = async (id) => (
    fetchPicture(props.live_url, await drawing(id, { format: "jpeg", large: true }))
  );
  studio.queue = new LatestOnlyQueue({
    send: async (id) => {
      const wanted = claimSave(id);
      if (studio.preview) studio.preview.dataset.asked = String(id);
      const picture = await fetchPicture(props.live_url, await drawing(id, wanted)).catch((error) => {
        if (studio.saving?.id === id) {
          studio.saving = null;
          if (id !== studio.queue.id) notice(canvas.frame, error.message); // else it is below
        }
        throw error;
      });
      studio.queue.answered(id);
      if (picture?.notice) notice(canvas.frame, picture.notice);
      if (picture) studio.show(picture, id);
      else if (studio.saving?.id === id) requestSave(studio.saving.what); // given up for a newer one
    },
    onWaiting: (waiting) => studio.preview?.classList.toggle("st-busy", waiting),
    onFailure: (error) => notice(canvas.frame, error.message),
  });
  window.addEventListener("online", () => studio.queue.retryNow());
  if (kept.map || kept.seed !== undefined) requestPicture(); // the picture that came is of the start
  studio.controls.showLive?.();
  const cursor = new KeyboardCursor(canvas, props.classes.map((c) => c.name));
  bindShortcuts(element.closest(".studio-desk"), { canvas, toolbar, palette, help, cursor });
  root.dataset.ready = "true";
}

/** What is in the hand at first. */
function applyDefaults(canvas, { hand, classes }) {
  const side = Math.min(canvas.shape.width, canvas.shape.height);
  canvas.classId = hand.class_id ?? Math.min(canvas.classId, classes.length - 1);
  canvas.tool = hand.tool ?? canvas.tool;
  canvas.brush = Math.max(1, Math.round((hand.brush ?? canvas.brush) * (side / 256)));
}
