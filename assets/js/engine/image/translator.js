// Pictures from photos, as pix2pix/inference/image_to_image.py makes them. No DOM: runs under Node too.

import { decodePicture, encodePhoto, mirrored } from "../draw/tensors.js";
import { styleCode } from "../labels/style_noise.js";
import { Geometry, padPixels } from "./geometry.js";

/**
 * The picture { width, height, data: RGBA } of an opaque photo, of its size. `model`: the props of the
 * generator; `run` runs it.
 */
export async function translatePhoto(photo, model, run) {
  const { config: { generator }, multiple, style } = model;
  const geometry = new Geometry(model);
  const shown = geometry.prepare(photo);
  const filled = [shown.width, shown.height].map((side) => Math.ceil(side / multiple) * multiple);
  const feeds = { input: encodePhoto(padPixels(shown, filled, [0, 0], mirrored)) };
  const code = styleCode(0, null, { ...style, covariance: style?.covariance.flat(), styleDim: generator.style_dim });
  if (code) feeds.style = { data: code, dims: [1, generator.style_dim] };
  const { output } = await run(feeds);
  return geometry.restore(decodePicture(output, shown.width, shown.height), photo);
}
