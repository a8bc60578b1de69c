// The button that shows the last pictures of this visit, to go back to one with its drawing, look and seed.

import { NO_LOOKS, checkLooks } from "../canvas/look_map.js";
import { isSheetShape } from "../canvas/sheet_shape.js";
import { packIds, unpackIds } from "../core/codec.js";
import { button, group, snapshot, thumbnailButton } from "../core/controls.js";
import { showNotice } from "../core/dialog.js";
import { h } from "../core/dom.js";
import { PictureHistory } from "./picture_history.js";

const REST_MS = 700; // without a new picture: then the one on screen is noted
const THUMB_SIDE = 112; // pixels

/**
 * The button with its panel. `layer` has the picture's <img>; `canvas`: { kind, width, height, style_dim } of
 * the tab.
 */
export function buildHistory(studio, layer, canvas) {
  const history = new PictureHistory(sessionOrNothing(), `pix2pix-pictures:${studio.tabId}`);
  const list = group("st-earlier", "group", "Earlier pictures");
  list.hidden = true;
  const opener = button({ name: "history", label: "Earlier pictures", tip: "Earlier pictures, with their drawings",
    onClick: () => open(list.hidden) });
  opener.setAttribute("aria-expanded", "false");
  const node = h("div", { class: "st-history" }, opener, list);

  function open(on) {
    list.hidden = !on;
    opener.setAttribute("aria-expanded", String(on));
    if (on) render();
  }

  function render() {
    list.replaceChildren(...history.entries.map((entry, i) => {
      const look = entry.style?.name ?? `seed ${entry.seed}`;
      const tile = thumbnailButton({
        label: `Picture ${history.entries.length - i}, ${look}`, picture: h("img", { src: entry.thumbnail, alt: "" }),
        onClick: () => restore(studio, entry, canvas),
      });
      tile.setAttribute("aria-pressed", String(entry === history.current));
      return tile;
    }));
  }

  async function note() {
    const { queue, stale } = studio;
    const image = layer.querySelector("img:last-child");
    if (!queue || queue.inFlight || queue.dirty || studio.canvas.stroke || stale || !image?.naturalWidth) return;
    const id = queue.id;
    const { seed, style } = studio;
    const drawing = { ...await studio.packDrawing(), seed, style, parts: await packParts(studio.canvas.looks.state) };
    if (id !== queue.id || queue.inFlight) return; // another picture has been asked for
    history.add({ ...drawing, thumbnail: history.find(drawing)?.thumbnail ?? thumbnailOf(image) });
    opener.dataset.count = String(history.entries.length);
    if (!list.hidden) render();
  }

  let timer;
  studio.on("answer", () => {
    clearTimeout(timer);
    timer = setTimeout(note, REST_MS);
  });
  document.addEventListener("pointerdown", (event) => {
    if (!list.hidden && !node.contains(event.target)) open(false);
  });
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || list.hidden) return;
    event.stopPropagation();
    open(false);
    opener.focus();
  });
  return node;
}

/** Puts an entry's drawing on the sheet, as a step that can be undone, with its look and seed. */
async function restore(studio, entry, canvas) {
  const { width, height, seed, style } = entry;
  const map = await unpackIds(entry.ids).catch(() => null);
  if (map?.length !== width * height || !isSheetShape(canvas, { width, height })) {
    showNotice(studio.canvas.frame, "This drawing is damaged");
    return;
  }
  studio.seed = seed;
  studio.style = style;
  const parts = await unpackIds(entry.parts?.ids ?? "").catch(() => null);
  const looks = parts ? checkLooks(parts, entry.parts.looks, map.length, canvas.style_dim) : NO_LOOKS;
  studio.canvas.replace(map, { shape: { width, height }, looks });
  studio.setStyle(style);
  studio.requestPicture(); // also where the picture does not follow the drawing
}

/** The looks of parts as an entry has them. */
const packParts = async ({ ids, looks }) => (ids ? { ids: await packIds(ids), looks } : undefined);

/** A small picture as a data URL. */
function thumbnailOf(image) {
  const scale = THUMB_SIDE / Math.max(image.naturalWidth, image.naturalHeight);
  const [width, height] = [image.naturalWidth, image.naturalHeight].map((side) => Math.round(side * scale));
  return snapshot(image, { width, height }).toDataURL("image/jpeg", 0.85);
}

/** sessionStorage; nothing where the browser blocks it. */
function sessionOrNothing() {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}
