// Label maps of photos, as pix2pix/inference/photo_to_label.py finds them. No DOM: runs under Node too.

import { workingSize } from "../colorize/working_shapes.js";
import { labelsFromLogits } from "../labels/tracing.js";
import { encodePhoto, resizePixels } from "./tensors.js";

/**
 * The label map { width, height, ids } of a photo { width, height, data: RGBA }, at its size. `model`: the
 * props of the tracer; `run` runs it.
 */
export async function traceLabels(photo, model, run) {
  const side = Math.min(...model.shape);
  const small = resizePixels(photo, ...workingSize(model.config, photo.width, photo.height, side));
  const padded = padPhoto(small, model.multiple);
  const { data, dims: [, channels, rows, columns] } = encodePhoto(padded);
  const both = new Float32Array(2 * data.length);
  both.set(data);
  both.set(flipped(data, columns), data.length);
  const { output } = await run({ input: { data: both, dims: [2, channels, rows, columns] } });
  const placement = { inputHeight: rows, outer: [small.width, small.height] };
  return labelsFromLogits(output.data, output.dims, photo, placement);
}

/** The rows of planes mirrored. */
function flipped(data, width) {
  const result = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += width) {
    for (let x = 0; x < width; x += 1) result[start + x] = data[start + width - 1 - x];
  }
  return result;
}

/** The photo with its last row and column repeated up to multiples. */
function padPhoto(photo, multiple) {
  const [width, height] = [photo.width, photo.height].map((side) => Math.ceil(side / multiple) * multiple);
  if (width === photo.width && height === photo.height) return photo;
  const from = new Uint32Array(photo.data.buffer, photo.data.byteOffset, photo.width * photo.height);
  const data = new Uint32Array(width * height);
  for (let y = 0, to = 0; y < height; y += 1) {
    const row = Math.min(y, photo.height - 1) * photo.width;
    for (let x = 0; x < width; x += 1, to += 1) data[to] = from[row + Math.min(x, photo.width - 1)];
  }
  return { width, height, data: new Uint8ClampedArray(data.buffer) };
}
