// Keeps the drawing over a reload: in localStorage, one entry for each window and tab.

import { NO_LOOKS, checkLooks } from "../canvas/look_map.js";
import { isSheetShape } from "../canvas/sheet_shape.js";
import { fromBase64, toBase64 } from "../core/codec.js";
import { showNotice } from "../core/dialog.js";
import { confirmBeforeUnload, thisWindow } from "../core/page_lifecycle.js";

const NOT_KEPT = "The browser cannot keep this drawing, its storage is full or blocked: please save it before you leave";
const DELAY_MS = 300; // after the last change
const MAX_WINDOWS = 8; // whose drawings of a tab are kept
const KEEP_MS = 30 * 24 * 3600 * 1000;

/** The key of the newest drawing of a tab, and the prefix of the keys of its windows. */
const nameOf = (tabId) => (tabId === "draw" ? "pix2pix-drawing" : `pix2pix-drawing-${tabId}`);
const keyOf = (tabId, windowId) => `${nameOf(tabId)}:${windowId}`;

/** The entry of this window, else of the window it is a copy of, else of the last one drawn in. */
function read(tabId) {
  const { id, from } = thisWindow();
  const item = (windowId) => localStorage.getItem(keyOf(tabId, windowId));
  const own = item(id) ?? (from && item(from));
  const entry = JSON.parse(own || localStorage.getItem(nameOf(tabId))) ?? {};
  return entry.last ? JSON.parse(item(entry.last)) ?? {} : entry;
}

/**
 * The drawing that was kept, { map, shape, seed, style, tool, ... }; {} where there is none, or one of a
 * shape that no sheet of the canvas { kind, width, height } has, or with ids that are no class.
 */
export function loadDrawing(tabId, canvas, classes, styleDim) {
  try {
    const kept = read(tabId);
    // Older versions kept squares only, with one `size`.
    const { width = kept.size, height = kept.size } = kept;
    if (!isSheetShape(canvas, { width, height })) return {};
    const map = fromBase64(kept.ids);
    if (map.length !== width * height || map.some((id) => id >= classes)) return {};
    const within = (value, low, high) => (
      Number.isInteger(value) && value >= low && value <= high ? value : undefined
    );
    const { tool, mirror, grid, smooth, pressure, live, style } = kept;
    return {
      map, shape: { width, height }, looks: looksOf(kept, map.length, styleDim), tool, mirror, grid, pressure, live,
      smooth: typeof smooth === "boolean" ? smooth : undefined,
      seed: within(kept.seed, 0, 9999),
      style: isStyle(style, styleDim) ? style : undefined,
      classId: within(kept.classId, 0, classes - 1),
      brush: within(kept.brush, 1, 64),
      gap: within(kept.gap, 1, 64),
    };
  } catch {
    return {}; // storage is blocked, or the entry is not ours
  }
}

/** The kept looks of parts; none where the entry has none, or they are damaged. */
function looksOf({ parts }, pixels, styleDim) {
  if (!parts) return NO_LOOKS;
  try {
    return checkLooks(fromBase64(parts.ids), parts.looks, pixels, styleDim);
  } catch {
    return NO_LOOKS;
  }
}

function isStyle(style, styleDim) {
  return style && Array.isArray(style.values) && style.values.length === styleDim
    && style.values.every(Number.isFinite) && typeof style.name === "string"
    && (style.photo === undefined || String(style.photo).startsWith("data:image/"));
}

/** Keeps every change from now on; warns before the page is left where that failed. */
export function autosaveDrawing(studio) {
  let timer;
  let changed = false; // since the page was opened
  let isKept = true;
  const store = () => {
    // A stroke in progress ends with a change.
    if (studio.canvas.stroke) return;
    const couldKeep = isKept;
    isKept = write(studio, changed) || !changed;
    if (couldKeep && !isKept) showNotice(studio.canvas.frame, NOT_KEPT);
  };
  const storeSoon = () => {
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(store, DELAY_MS);
  };
  studio.on("change", storeSoon);
  studio.on("setting", storeSoon);
  window.addEventListener("pagehide", store); // synchronous: nothing can be awaited there
  confirmBeforeUnload(() => {
    store();
    return !isKept && studio.canvas.history.canUndo;
  });
}

/** Whether the drawing could be kept. `asLast`: new windows begin with it. */
function write(studio, asLast) {
  const { tabId, canvas } = studio;
  const { ids, looks } = canvas.looks.state;
  const text = JSON.stringify({
    ids: toBase64(canvas.map), ...canvas.shape, seed: studio.seed, style: studio.style,
    parts: ids ? { ids: toBase64(ids), looks } : undefined,
    tool: canvas.tool, classId: canvas.classId, brush: canvas.brush, gap: canvas.gap,
    mirror: canvas.mirror, grid: canvas.grid > 0, smooth: canvas.smooth, pressure: canvas.pressure,
    live: studio.live, at: Date.now(),
  });
  const { id } = thisWindow();
  try {
    for (const old of outdated(tabId, id)) localStorage.removeItem(old);
    for (let others = otherWindows(tabId, id); ; others = others.slice(1)) {
      try {
        localStorage.setItem(keyOf(tabId, id), text);
        if (asLast) localStorage.setItem(nameOf(tabId), JSON.stringify({ last: id }));
        return true;
      } catch (error) {
        if (!others.length) throw error;
        localStorage.removeItem(others[0]); // storage is full: the oldest goes
      }
    }
  } catch {
    return false; // no space, or storage is blocked: the drawing lasts as long as the page
  }
}

/** The keys of other windows' drawings of a tab, the oldest first. */
function otherWindows(tabId, windowId) {
  const keys = Object.keys(localStorage).filter((key) => (
    key.startsWith(keyOf(tabId, "")) && key !== keyOf(tabId, windowId)
  ));
  return keys.map((key) => [timeOf(key), key]).sort(([a], [b]) => a - b).map(([, key]) => key);
}

const timeOf = (key) => Number(localStorage.getItem(key)?.match(/"at":(\d+)}$/)?.[1] ?? 0);

function outdated(tabId, windowId) {
  const keys = otherWindows(tabId, windowId);
  const oldest = Date.now() - KEEP_MS;
  return keys.filter((key, i) => i < keys.length - MAX_WINDOWS + 1 || timeOf(key) < oldest);
}
