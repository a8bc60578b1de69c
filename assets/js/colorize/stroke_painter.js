// Paints strokes on a canvas over the photo.

const EDGE_PX = 1.5; // of CSS; the edge around a stroke, so that it is seen on any photo

/**
 * Paints strokes in place of what is on the canvas. Places to repair have the canvas's CSS colour, places to
 * keep are white.
 */
export function paintStrokes(canvas, strokes) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * ratio); // clears it
  canvas.height = Math.round(canvas.clientHeight * ratio);
  const context = canvas.getContext("2d");
  const accent = getComputedStyle(canvas).color;
  Object.assign(context, { lineCap: "round", lineJoin: "round" });
  for (const { points, radius, keep } of strokes) {
    const wide = Math.max(2 * radius * Math.max(canvas.width, canvas.height), ratio);
    const path = pathOf(points, canvas);
    paintLine(context, path, wide + 2 * EDGE_PX * ratio, keep ? "#000" : "#fff");
    paintLine(context, path, wide, keep ? "#fff" : accent);
  }
}

function pathOf(points, { width, height }) {
  const path = new Path2D();
  const [first] = points;
  path.moveTo(first[0] * width, first[1] * height);
  for (const [x, y] of points) path.lineTo(x * width, y * height); // to the first too: a dot is a line
  return path;
}

function paintLine(context, path, lineWidth, strokeStyle) {
  Object.assign(context, { lineWidth, strokeStyle });
  context.stroke(path);
}
