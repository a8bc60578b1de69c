// The working shape of a photo: as pix2pix/inference/working_shapes.py and data/resize_crop.py.

import { roundHalfEven } from "./numbers.js";
import { newPlane } from "./planes.js";

const MAX_ASPECT = 4; // maximum ratio of the working image's sides

/** The working [width, height] of a photo for a checkpoint's config: the scale and aspect of training. */
export function workingSize(config, width, height, size) {
  const mode = resizeMode(config);
  if (mode === "crop" || mode === "squeeze") {
    const scale = size / Math.min(width, height);
    return [width, height].map((n) => Math.min(roundHalfEven(n * scale), size * MAX_ASPECT));
  }
  const across = Math.max(1, roundHalfEven(((config.width || config.size) * size) / config.size));
  if (mode === "rotate") return (height > width) !== (size > across) ? [size, across] : [across, size];
  if (mode === "stretch") return [across, size];
  const scale = Math.min(size / height, across / width); // pad, mirror
  return [
    Math.min(Math.max(1, roundHalfEven(width * scale)), across),
    Math.min(Math.max(1, roundHalfEven(height * scale)), size),
  ];
}

/** `resize_mode` of a config, which may have the key's old name, or only the options of the training. */
function resizeMode({ resize_mode: mode, fit, training }) {
  const options = training?.options ?? {};
  return [mode, fit, options.resize_mode, options.fit].find((value) => value && value !== "auto") ?? "crop";
}

/** The plane with its last row and column repeated up to multiples of `multiple`. */
export function padToMultiple(plane, multiple) {
  return padPlane(plane, ...[plane.width, plane.height].map((side) => Math.ceil(side / multiple) * multiple));
}

/** The plane with its last row and column repeated up to a width and height. */
export function padPlane({ width, height, data }, newWidth, newHeight) {
  const result = newPlane(newWidth, newHeight);
  for (let y = 0, at = 0; y < result.height; y += 1) {
    const row = Math.min(y, height - 1) * width;
    for (let x = 0; x < result.width; x += 1, at += 1) result.data[at] = data[row + Math.min(x, width - 1)];
  }
  return result;
}
