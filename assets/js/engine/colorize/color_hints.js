// Colour hints, { x, y, rgb }, and their JSON form { x, y, color }. As pix2pix/images/color_hints.py.

export const MAX_HINTS = 256;

const HEX = /^#[0-9a-f]{6}$/i;

/** The hints in a list of { x, y, color: "#rrggbb" }. Throws an Error for anything else. */
export function parseHints(value) {
  if (!Array.isArray(value)) throw new Error(`expected a list of hints, got ${typeof value}`);
  if (value.length > MAX_HINTS) throw new Error(`at most ${MAX_HINTS} hints, got ${value.length}`);
  return value.map(parseHint);
}

function parseHint(entry) {
  if (typeof entry !== "object" || !entry) throw new Error("expected a hint with x, y and color");
  const { x, y, color } = entry;
  if (![x, y].every((n) => typeof n === "number" && n >= 0 && n <= 1)) {
    throw new Error(`a hint's x and y must be from 0 to 1, got (${x}, ${y})`);
  }
  if (typeof color !== "string" || !HEX.test(color)) {
    throw new Error(`a hint's color must be "#rrggbb", got ${JSON.stringify(color)}`);
  }
  return { x, y, rgb: [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16)) };
}
