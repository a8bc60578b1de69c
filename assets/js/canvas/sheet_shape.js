// The shapes that a sheet can have, as CanvasSpec in pix2pix/labels/canvas_spec.py has them.
// Shapes are { width, height }. No DOM: runs under Node too.

const MAX_RATIO = 2; // of the sides
const SAME_RATIO = 1.02; // sides whose ratios differ by less have one shape

/** A Python round(): halves go to the even number. */
function round(value) {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 ? floor + 1 : floor;
}

/**
 * The shape of the sheet for a picture: its ratio up to MAX_RATIO, with the short side of the canvas.
 * `canvas`: { kind, width, height }. Line drawings have the shape of the canvas.
 */
export function sheetShape(canvas, { width, height }) {
  const [asked, own] = [width / height, canvas.width / canvas.height];
  if (canvas.kind === "lines" || Math.max(asked / own, own / asked) < SAME_RATIO) {
    return { width: canvas.width, height: canvas.height };
  }
  const ratio = Math.min(Math.max(asked, 1 / MAX_RATIO), MAX_RATIO);
  const short = Math.min(canvas.width, canvas.height);
  return ratio > 1 ? { width: round(short * ratio), height: short } : { width: short, height: round(short / ratio) };
}

/** Whether a sheet can have this shape, which comes from storage. */
export function isSheetShape(canvas, { width, height }) {
  if (width === canvas.width && height === canvas.height) return true;
  const short = Math.min(canvas.width, canvas.height);
  return canvas.kind !== "lines" && [width, height].every(Number.isInteger)
    && Math.min(width, height) === short && Math.max(width, height) <= MAX_RATIO * short;
}
