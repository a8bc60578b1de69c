// A drawing tab's sheet, with the tools beside it and the palette below.

import { ask, notice } from "../core/dialog.js";
import { askToSave, takeUpSaving } from "./preview.js";
import { Cursor } from "../canvas/keyboard_cursor.js";
import { buildHelp } from "./help.js";
import { bindKeys } from "../canvas/shortcuts.js";
import { bareWall } from "../canvas/label_map.js";
import { askPicture } from "./draw_client.js";
import { buildPalette } from "../canvas/palette.js";
import { Pipeline } from "../core/latest_only_queue.js";
import { buildRail, buildSelectionBar } from "../canvas/toolbar.js";
import { keep, recall } from "../core/autosave.js";
import { Sheet } from "../canvas/sheet.js";
import { drawNow, fitDesk, isFacades, redraw, studio, tell } from "./studio.js";
import { packIds, unpackIds } from "../core/codec.js";

export async function mountDrawing({ element, props, watch }) {
  const root = element.querySelector(".st-drawing");
  studio.kind = props.kind;
  const shape = { width: props.width, height: props.height };
  fitDesk(root, shape);
  const sheet = new Sheet({
    shape,
    colors: props.classes.map((c) => c.rgb),
    hasWall: isFacades(),
    onChange: redraw,
    onHistory: () => {
      rail.showHistory();
      studio.pipeline?.hurry();
      tell("change");
    },
    onPick: (id) => palette.choose(id),
    onPicked: () => rail.back(),
    onSelection: () => selectionBar?.show(),
  });
  studio.sheet = sheet;
  takeUp(sheet, props);
  studio.seed = props.seed;
  const help = buildHelp(props.classes);
  const palette = buildPalette(sheet, props.classes);
  const selectionBar = buildSelectionBar(sheet);
  const rail = buildRail(sheet, { onNew: startAnew, onHelp: help.open, onTool: selectionBar.show });
  sheet.frame.append(selectionBar.node);
  root.replaceChildren(rail.node, sheet.frame, palette.node, help.node);

  async function startAnew() {
    const bare = isFacades() ? bareWall(shape) : new Uint8Array(sheet.map.length);
    if (sheet.map.every((id, i) => id === bare[i])) return;
    const sure = await ask(sheet.frame, "Put this drawing away?", "New drawing", "Keep it");
    if (sure) sheet.replace(bare);
  }

  watch("value", async () => {
    if (!props.value?.opened) return; // anything else is what we sent ourselves
    sheet.replace(await unpackIds(props.value.ids));
    tell("opened");
  });
  const kept = recall(shape, props.classes.length, props.style_dim);
  rail.restore(kept);
  palette.choose(kept.classId ?? sheet.classId);
  if (kept.seed !== undefined) studio.seed = kept.seed;
  studio.style = kept.style ?? null;
  if (kept.live === false) studio.live = false;
  studio.controls.showSeed?.();
  sheet.replace(kept.map ?? await unpackIds(props.start), { asStep: false });
  keep();

  const drawing = async (id, wanted) => ({
    ids: await packIds(sheet.map), seed: studio.seed, style: studio.style?.values, id, ...wanted,
  });
  studio.give = async () => { props.value = await drawing(-1, { format: "png" }); };
  studio.askLarge = async (id) => (
    askPicture(props.live_url, await drawing(id, { format: "jpeg", large: true }))
  );
  studio.pipeline = new Pipeline({
    send: async (id) => {
      const wanted = takeUpSaving(id);
      if (studio.building) studio.building.dataset.asked = String(id);
      const picture = await askPicture(props.live_url, await drawing(id, wanted)).catch((error) => {
        if (studio.saving?.id === id) {
          studio.saving = null;
          if (id !== studio.pipeline.id) notice(sheet.frame, error.message); // else it is below
        }
        throw error;
      });
      studio.pipeline.answered(id);
      if (picture?.notice) notice(sheet.frame, picture.notice);
      if (picture) studio.show(picture, id);
      else if (studio.saving?.id === id) askToSave(studio.saving.what); // given up for a newer one
    },
    onWaiting: (waiting) => studio.building?.classList.toggle("st-busy", waiting),
    onFailure: (error) => notice(sheet.frame, error.message),
  });
  window.addEventListener("online", () => studio.pipeline.wake());
  if (kept.map || kept.seed !== undefined) drawNow(); // the picture that came is of the start
  studio.controls.showLive?.();
  const cursor = new Cursor(sheet, props.classes.map((c) => c.name));
  bindKeys(element.closest(".studio-desk"), { sheet, rail, palette, help, cursor });
  root.dataset.ready = "true";
}

/** What is in the hand at first. */
function takeUp(sheet, { hand, classes }) {
  const side = Math.min(sheet.shape.width, sheet.shape.height);
  sheet.classId = hand.class_id ?? Math.min(sheet.classId, classes.length - 1);
  sheet.tool = hand.tool ?? sheet.tool;
  sheet.brush = Math.max(1, Math.round((hand.brush ?? sheet.brush) * (side / 256)));
}
