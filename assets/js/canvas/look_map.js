// The looks of parts of a drawing. No DOM: runs under Node too.
//
// A state is { ids, looks } and never changes: ids is a Uint8Array of the sheet's pixels, or null where no part has
// a look; looks[i] is the look of the pixels with id i + 1, or null where that id is free. A look is { seed } or
// { style: { name, values, photo } }.

export const MAX_LOOKS = 8;
export const NO_LOOKS = Object.freeze({ ids: null, looks: Object.freeze([]) });

/** The state with a part of this look added: { state, id }; the id is 0 where there are MAX_LOOKS. */
export function addLook({ ids, looks }, look) {
  const free = looks.indexOf(null);
  const at = free < 0 ? looks.length : free;
  if (at >= MAX_LOOKS) return { state: { ids, looks }, id: 0 };
  const next = [...looks];
  next[at] = look;
  return { state: { ids, looks: next }, id: at + 1 };
}

/** The state with another look of a part. */
export function changeLook({ ids, looks }, id, look) {
  return { ids, looks: looks.map((each, i) => (i === id - 1 ? look : each)) };
}

/** The state without a part: its places have the drawing's own look. */
export function removeLook(state, id) {
  const { ids, looks } = changeLook(state, id, null);
  const rest = looks.findLastIndex((look) => look !== null) + 1;
  return { ids: ids && ids.map((each) => (each === id ? 0 : each)), looks: looks.slice(0, rest) };
}

/** Whether two states show the same. */
export function isSameState(a, b) {
  if (a.looks !== b.looks || a.ids?.length !== b.ids?.length) return a === b;
  return a.ids === b.ids || a.ids.every((id, i) => id === b.ids[i]);
}

const keyOf = ({ seed, style }) => JSON.stringify(style ? style.values : seed);

/**
 * The state as a request has it: { ids: Uint8Array, looks: [{ seed } or { style: numbers }] } with each look that
 * is seen once; null where none is.
 */
export function requestOf({ ids, looks }) {
  if (!ids) return null;
  const seen = new Map(); // the new id by the key of a look
  const found = [];
  const table = new Uint8Array(256);
  for (const id of new Set(ids)) {
    const look = looks[id - 1];
    if (!look) continue;
    if (!seen.has(keyOf(look))) {
      found.push(look.style ? { style: look.style.values } : { seed: look.seed });
      seen.set(keyOf(look), found.length);
    }
    table[id] = seen.get(keyOf(look));
  }
  return found.length ? { ids: ids.map((id) => table[id]), looks: found } : null;
}

/** Whether a value from storage is a look. */
function isLook(look, styleDim) {
  if (look === null) return true;
  if (typeof look !== "object") return false;
  const { seed, style } = look;
  if (!style) return Number.isInteger(seed) && seed >= 0 && seed <= 9999;
  return Array.isArray(style.values) && style.values.length === styleDim && style.values.every(Number.isFinite)
    && typeof style.name === "string"
    && (style.photo === undefined || String(style.photo).startsWith("data:image/"));
}

/** The state of ids and looks from storage; NO_LOOKS where they are none for a sheet of `pixels`. */
export function checkLooks(ids, looks, pixels, styleDim) {
  const isValid = ids?.length === pixels && Array.isArray(looks) && looks.length <= MAX_LOOKS
    && looks.every((look) => isLook(look, styleDim)) && ids.every((id) => id <= looks.length);
  return isValid ? { ids, looks } : NO_LOOKS;
}

/**
 * Writes the parts to `pixels`, a Uint32Array on the bytes of an ImageData: lines of their colours along their
 * edges, and with `tint` a little of it within. `colors`: 0xBBGGRR by id - 1; `current` is the chosen id.
 */
export function paintLooks(ids, { width, height }, colors, current, tint, pixels) {
  pixels.fill(0);
  if (!ids) return;
  for (let i = 0; i < ids.length; i += 1) {
    const id = ids[i];
    if (!id) continue;
    const x = i % width;
    const y = (i - x) / width;
    const isEdge = x === 0 || y === 0 || x === width - 1 || y === height - 1
      || ids[i - 1] !== id || ids[i + 1] !== id || ids[i - width] !== id || ids[i + width] !== id;
    const alpha = isEdge ? 0xff : tint * (id === current ? 0x70 : 0x38);
    pixels[i] = ((alpha << 24) | colors[id - 1]) >>> 0;
  }
}
