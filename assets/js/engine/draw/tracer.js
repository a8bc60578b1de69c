// Label maps of photos, as pix2pix/inference/photo_to_label.py finds them. No DOM: runs under Node too.

import { workingSize } from "../colorize/working_shapes.js";
import { Geometry, padPixels } from "../image/geometry.js";
import { labelsFromLogits } from "../labels/tracing.js";
import { clamped, encodePhoto, resizePixels } from "./tensors.js";

/**
 * The label map { width, height, ids } of a photo { width, height, data: RGBA }, at its size. `model`: the
 * props of the tracer; `run` runs it.
 */
export async function traceLabels(photo, model, run) {
  const { small, placement } = fit(photo, model);
  const filled = [small.width, small.height].map((side) => Math.ceil(side / model.multiple) * model.multiple);
  const { data, dims: [, channels, rows, columns] } = encodePhoto(padPixels(small, filled, [0, 0], clamped));
  const both = new Float32Array(2 * data.length);
  both.set(data);
  both.set(flipped(data, columns), data.length);
  const { output } = await run({ input: { data: both, dims: [2, channels, rows, columns] } });
  return labelsFromLogits(output.data, output.dims, photo, { ...placement, inputHeight: rows });
}

/** The photo as the network's input without padding to a multiple, and where it is in that. */
function fit(photo, model) {
  if (model.config.resize_mode === "squeeze") { // keeps the aspect, as training nearly does
    const size = workingSize(model.config, photo.width, photo.height, Math.min(...model.shape));
    return { small: resizePixels(photo, ...size), placement: { outer: size } };
  }
  const geometry = new Geometry(model);
  return { small: geometry.prepare(photo), placement: geometry.placement(photo) };
}

/** The rows of planes mirrored. */
function flipped(data, width) {
  const result = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += width) {
    for (let x = 0; x < width; x += 1) result[start + x] = data[start + width - 1 - x];
  }
  return result;
}
