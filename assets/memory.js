// What a reload brings back: kept in this browser only.

import { DESK, on, studio } from "./studio.js";
import { fromBase64, toBase64 } from "./wire.js";

const STORED = DESK === "draw" ? "pix2pix-drawing" : `pix2pix-drawing-${DESK}`;
const DELAY_MS = 300;

/** What was kept, as far as it is whole and of this shape: { map, seed, tool, ... } or {}. */
export function recall({ width, height }, classes, styleDim) {
  try {
    const kept = JSON.parse(localStorage.getItem(STORED)) ?? {};
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
export function keep() {
  let timer;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(write, DELAY_MS);
  };
  on("change", later);
  on("setting", later);
  window.addEventListener("pagehide", write); // so it must not wait for anything
}

function write() {
  const { sheet } = studio;
  if (sheet.stroke) return; // its end is a change too
  try {
    const ids = toBase64(sheet.map);
    localStorage.setItem(STORED, JSON.stringify({
      ids, ...sheet.shape, seed: studio.seed, style: studio.style, tool: sheet.tool,
      classId: sheet.classId, brush: sheet.brush, gap: sheet.gap, mirror: sheet.mirror, grid: sheet.grid > 0,
      live: studio.live,
    }));
  } catch {
    // no room, or a private window: the drawing lives as long as the page
  }
}
