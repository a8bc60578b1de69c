// Colour hints: { x, y, color } with x and y in 0..1 of the photo and color as #rrggbb.
// Functions return new lists and never change one in place. No DOM: runs under Node too.

export const SWATCHES = [
  ["Light skin", "#dfae8f"], ["Brown skin", "#96623f"], ["Lips", "#b4565a"],
  ["Fair hair", "#c7a263"], ["Brown hair", "#5f402b"],
  ["Sky", "#85b2dc"], ["Sea", "#4f8590"], ["Leaves", "#56783a"], ["Grass", "#84a048"],
  ["Wood", "#8f643e"], ["Brick", "#a5543d"], ["Sand", "#cbb38a"],
  ["Blue cloth", "#44609a"], ["Red cloth", "#ab3036"], ["Grey", "#808080"],
];

const COLOR = /^#[0-9a-f]{6}$/i;
const clamp = (value) => Math.min(Math.max(value, 0), 1);

/** `color` is null until one is chosen. */
export function addHint(hints, x, y, color) {
  return [...hints, { x: clamp(x), y: clamp(y), color }];
}

export function moveHint(hints, at, x, y) {
  return hints.map((hint, i) => (i === at ? { ...hint, x: clamp(x), y: clamp(y) } : hint));
}

export function recolorHint(hints, at, color) {
  return hints.map((hint, i) => (i === at ? { ...hint, color } : hint));
}

export function removeHint(hints, at) { return hints.filter((_, i) => i !== at); }

/** The name of a colour: that of its swatch, else #rrggbb. */
export function colorName(color) {
  if (!color) return "no colour yet";
  return SWATCHES.find(([, value]) => value === color.toLowerCase())?.[0].toLowerCase() ?? color;
}

/** The description of a hint for screen readers. */
export function describeHint(hints, at) {
  const { x, y, color } = hints[at];
  return `Hint ${at + 1} of ${hints.length}: ${colorName(color)}, ${Math.round(x * 100)}% across, `
    + `${Math.round(y * 100)}% down`;
}

/** The hints that have a colour. */
export function colored(hints) { return hints.filter((hint) => hint.color); }

/** The text of a hints file, which the command line reads too: hints by the name of their photo. */
export function writeHints(byName) {
  const entries = Object.entries(byName).map(([name, hints]) => [name, colored(hints).map(
    ({ x, y, color }) => ({ x: Number(x.toFixed(4)), y: Number(y.toFixed(4)), color }),
  )]);
  return `${JSON.stringify(Object.fromEntries(entries), null, 1)}\n`;
}

/**
 * The hints in a file by the name of their photo; a list without names comes under "". Throws an Error
 * with a message for the visitor where the file is no hints file or has more than `max` for a photo.
 */
export function readHints(text, max) {
  let content;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error("is no file of hints (not JSON)");
  }
  const byName = Array.isArray(content) ? { "": content } : content;
  if (!byName || typeof byName !== "object" || !Object.values(byName).every(Array.isArray)) {
    throw new Error("is no file of hints (expected lists of hints by the names of photos)");
  }
  return Object.fromEntries(Object.entries(byName).map(([name, list]) => {
    if (list.length > max) throw new Error(`has more than ${max} hints for one photo`);
    return [name, list.map(readHint)];
  }));
}

function readHint(hint) {
  const { x, y, color } = hint ?? {};
  const within = [x, y].every((v) => typeof v === "number" && v >= 0 && v <= 1);
  if (!within || typeof color !== "string" || !COLOR.test(color)) {
    throw new Error('has a hint that is not {"x": 0 to 1, "y": 0 to 1, "color": "#rrggbb"}');
  }
  return { x, y, color: color.toLowerCase() };
}
