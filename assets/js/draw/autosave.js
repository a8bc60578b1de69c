// What a reload brings back: kept in this browser only, for each of its windows apart.

import { TAB_ID, on, studio } from "./studio.js";
import { confirmBeforeUnload, thisWindow } from "../core/page_lifecycle.js";
import { fromBase64, toBase64 } from "../core/codec.js";

const NAME = TAB_ID === "draw" ? "pix2pix-drawing" : `pix2pix-drawing-${TAB_ID}`;
const DELAY_MS = 300;
const MOST_WINDOWS = 8; // whose drawings of this tab are kept
const KEEP_MS = 30 * 24 * 3600 * 1000;

const keyOf = (id) => `${NAME}:${id}`;

/** Of this window; else of the one that it is a copy of; else of the one that was drawn in last. */
function read() {
  const { id, from } = thisWindow();
  const own = localStorage.getItem(keyOf(id)) ?? (from && localStorage.getItem(keyOf(from)));
  const last = JSON.parse(own || localStorage.getItem(NAME)) ?? {};
  return last.last ? JSON.parse(localStorage.getItem(keyOf(last.last))) ?? {} : last;
}

/** What was kept, as far as it is whole and of this shape: { map, seed, tool, ... } or {}. */
export function loadDrawing({ width, height }, classes, styleDim) {
  try {
    const kept = read();
    // Squares alone were kept once, with their one size.
    if ((kept.width ?? kept.size) !== width || (kept.height ?? kept.size) !== height) return {};
    const map = fromBase64(kept.ids);
    if (map.length !== width * height || map.some((id) => id >= classes)) return {};
    const within = (value, low, high) => (
      Number.isInteger(value) && value >= low && value <= high ? value : undefined
    );
    return {
      map,
      seed: within(kept.seed, 0, 9999),
      style: isStyle(kept.style, styleDim) ? kept.style : undefined,
      classId: within(kept.classId, 0, classes - 1),
      brush: within(kept.brush, 1, 64),
      gap: within(kept.gap, 1, 64),
      tool: kept.tool,
      mirror: kept.mirror,
      grid: kept.grid,
      live: kept.live,
    };
  } catch {
    return {}; // a private window, or not what we wrote
  }
}

function isStyle(style, styleDim) {
  return style && Array.isArray(style.values) && style.values.length === styleDim
    && style.values.every(Number.isFinite) && typeof style.name === "string"
    && (style.photo === undefined || String(style.photo).startsWith("data:image/"));
}

/** From now on keeps every change, a moment after the last one. */
export function autosaveDrawing() {
  let timer;
  let changed = false; // since the page was opened
  let kept = true;
  const store = () => {
    if (!studio.canvas.stroke) kept = write(changed) || !changed; // its end is a change too
  };
  const later = () => {
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(store, DELAY_MS);
  };
  on("change", later);
  on("setting", later);
  window.addEventListener("pagehide", store); // so it must not wait for anything
  confirmBeforeUnload(() => {
    store();
    return !kept && studio.canvas.history.canUndo;
  });
}

/** Whether there was room. `asLast`: a new window begins with this drawing. */
function write(asLast) {
  const { canvas } = studio;
  const text = JSON.stringify({
    ids: toBase64(canvas.map), ...canvas.shape, seed: studio.seed, style: studio.style,
    tool: canvas.tool, classId: canvas.classId, brush: canvas.brush, gap: canvas.gap,
    mirror: canvas.mirror, grid: canvas.grid > 0, live: studio.live, at: Date.now(),
  });
  const { id } = thisWindow();
  try {
    for (const old of outdated(id)) localStorage.removeItem(old);
    for (let others = windows(id); ; others = others.slice(1)) {
      try {
        localStorage.setItem(keyOf(id), text);
        if (asLast) localStorage.setItem(NAME, JSON.stringify({ last: id }));
        return true;
      } catch (error) {
        if (!others.length) throw error;
        localStorage.removeItem(others[0]); // the oldest makes room
      }
    }
  } catch {
    return false; // no room, or a private window: the drawing lives as long as the page
  }
}

/** The keys of other windows' drawings of this tab, the oldest first. */
function windows(own) {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(keyOf("")) && key !== keyOf(own));
  return keys.map((key) => [timeOf(key), key]).sort(([a], [b]) => a - b).map(([, key]) => key);
}

const timeOf = (key) => Number(localStorage.getItem(key)?.match(/"at":(\d+)}$/)?.[1] ?? 0);

function outdated(own) {
  const keys = windows(own);
  const oldest = Date.now() - KEEP_MS;
  return keys.filter((key, i) => i < keys.length - MOST_WINDOWS + 1 || timeOf(key) < oldest);
}
