// The part of a sheet that its frame shows: zoom and pan. No DOM: runs under Node too.
//
// A view is { zoom, x, y }: at zoom 1 the sheet fills the frame; x and y are the sheet's left and top edge.
// Positions are in parts of the frame, 0 to 1 from its left and top edge.

export const MAX_ZOOM = 8;
export const FIT = Object.freeze({ zoom: 1, x: 0, y: 0 });

const SNAP_ZOOM = 1.02; // below this the sheet fits
const MARGIN = 0.2; // how far the sheet's edges can be moved into the frame, so that corners are within reach

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** The nearest view that is allowed: no zoom out of 1..MAX_ZOOM, no sheet out of sight. */
export function clampView({ zoom, x, y }) {
  if (!(zoom >= SNAP_ZOOM)) return FIT;
  const scale = Math.min(zoom, MAX_ZOOM);
  const margin = Math.min(MARGIN, scale - 1);
  const keep = (edge) => clamp(edge, 1 - margin - scale, margin);
  return { zoom: scale, x: keep(x), y: keep(y) };
}

/** The view zoomed by a factor; the spot of the sheet at `point` stays there. */
export function zoomAt(view, factor, point) {
  const zoom = clamp(view.zoom * factor, 1, MAX_ZOOM);
  const moved = (edge, at) => at - (at - edge) * (zoom / view.zoom);
  return clampView({ zoom, x: moved(view.x, point.x), y: moved(view.y, point.y) });
}

/**
 * The view after one or two fingers moved. A grip is { x, y, spread }: the middle between the fingers, and
 * their distance in any unit, 0 for a single finger. What was under the middle stays under it.
 */
export function moveGrip(view, from, to) {
  const panned = { ...view, x: view.x + to.x - from.x, y: view.y + to.y - from.y };
  if (!from.spread || !to.spread) return clampView(panned);
  return zoomAt(panned, to.spread / from.spread, to);
}

/** The factor of a turn of the wheel, from a WheelEvent's deltaY and deltaMode. */
export function wheelFactor({ deltaY, deltaMode = 0, ctrlKey = false }) {
  const pixels = deltaY * ([1, 16, 400][deltaMode] ?? 1);
  return Math.exp(-clamp(pixels, -200, 200) * (ctrlKey ? 0.01 : 0.002)); // Ctrl: a trackpad's pinch, in small steps
}

/** The view moved so that a spot of the sheet, in parts of the sheet, is in sight. */
export function reveal(view, { x, y }) {
  if (view.zoom === 1) return view;
  const edge = 0.08; // parts of the frame between the spot and its edge
  const shift = (at) => clamp(at, edge, 1 - edge) - at;
  return clampView({
    ...view, x: view.x + shift(view.x + x * view.zoom), y: view.y + shift(view.y + y * view.zoom),
  });
}
