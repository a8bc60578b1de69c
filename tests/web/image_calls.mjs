// Functions of engine/image/ for test_image_engine.py, which take and return plain values.

import { clamped, mirrored } from "../../assets/js/engine/draw/tensors.js";
import { traceLabels } from "../../assets/js/engine/draw/tracer.js";
import { Geometry, padPixels } from "../../assets/js/engine/image/geometry.js";

const clampedBytes = (pixels) => ({ ...pixels, data: new Uint8ClampedArray(pixels.data.buffer) });

/** { prepared, restored }: a photo as input of the model, and the picture that an output gives. */
export function fitAndRestore(model, photo, output) {
  const geometry = new Geometry(model);
  return { prepared: geometry.prepare(clampedBytes(photo)), restored: geometry.restore(clampedBytes(output), photo) };
}

/** The photo padded at the right and below. */
export function padTo(photo, place, multiple) {
  const size = [photo.width, photo.height].map((side) => Math.ceil(side / multiple) * multiple);
  return padPixels(clampedBytes(photo), size, [0, 0], { clamped, mirrored }[place]);
}

/** { ids, input }: the label map of a photo where the network's output is `logits`, and the input that it got. */
export async function traceWith(model, photo, logits, dims) {
  let input;
  const run = async (feeds) => {
    ({ input } = feeds);
    return { output: { data: logits, dims } };
  };
  const { ids } = await traceLabels(clampedBytes(photo), model, run);
  return { ids, input: input.data, dims: input.dims };
}
