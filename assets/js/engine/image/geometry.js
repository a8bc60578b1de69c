// Fits a photo to a network and its output to the photo: pix2pix/data/resize_crop.py, for inference. Sizes
// are [width, height]. No DOM: runs under Node too.

import { resizeArea, resizeCubic } from "../colorize/cv_resize.js";
import { clamp, roundHalfEven } from "../colorize/numbers.js";
import { placeRows, turning } from "../colorize/orientation.js";
import { cropPixels, newPixels } from "../colorize/planes.js";
import { mirrored, resizePixels } from "../draw/tensors.js";

const DEFAULT_CROP_SCALES = { crop: 1.3, squeeze: 1.25 };
const MAX_SQUEEZE_ASPECT = 1.3;
const MAX_SIDES = 4; // "crop": the longest stored side, in sides of the network's input
const [TURNED_RIGHT, TURNED_LEFT] = [6, 8]; // orientations of Exif

const isSize = (photo, [width, height]) => photo.width === width && photo.height === height;

export class Geometry {
  /** `shape` is [height, width] of the training images; `config` has `resize_mode` and `crop_scale`. */
  constructor({ shape: [height, width], config }) {
    const mode = config.resize_mode;
    const zoom = mode in DEFAULT_CROP_SCALES ? config.crop_scale || DEFAULT_CROP_SCALES[mode] : 1;
    Object.assign(this, { size: [width, height], mode, zoom });
  }

  /** The whole photo { width, height, data: RGBA } as the network's input. */
  prepare(photo) {
    const stored = embed(photo, this.#storedPlacement(photo), this.mode === "mirror");
    return resizeTo(stored, this.placement(photo).outer);
  }

  /**
   * Where a photo of { width, height } is in the result of `prepare`: resized to `inner`, after a turn to the
   * left if `isRotated`, and centred in `outer`.
   */
  placement(photo) {
    const stored = this.#storedPlacement(photo);
    if (this.mode === "squeeze") return { inner: this.size, outer: this.size, isRotated: false };
    if (this.mode !== "crop") return stored;
    const scale = Math.min(...stored.outer.map((side, i) => side / this.size[i]));
    const whole = stored.outer.map((side) => roundHalfEven(side / scale));
    return { inner: whole, outer: whole, isRotated: false };
  }

  /** The network's output, of the size of the result of `prepare`, without padding and resized to the photo. */
  restore(output, photo) {
    const { inner, outer, isRotated } = this.placement(photo);
    const [left, top] = outer.map((side, i) => Math.floor((side - inner[i]) / 2));
    const shown = cropPixels(output, [left, top, left + inner[0], top + inner[1]]);
    return resample(isRotated ? turn(shown, TURNED_RIGHT) : shown, photo.width, photo.height);
  }

  #storedPlacement({ width, height }) {
    const target = this.#storedSize(width, height);
    if (this.mode !== "pad" && this.mode !== "mirror") {
      const isRotated = this.mode === "rotate" && (height > width) !== (this.size[1] > this.size[0]);
      return { inner: target, outer: target, isRotated };
    }
    const scale = Math.min(target[1] / height, target[0] / width);
    const inner = [width, height].map((side, i) => Math.min(Math.max(1, roundHalfEven(side * scale)), target[i]));
    return { inner, outer: target, isRotated: false };
  }

  #storedSize(width, height) {
    const { size, zoom } = this;
    if (this.mode === "crop") {
      const scale = Math.max((size[1] * zoom) / height, (size[0] * zoom) / width);
      return [width, height].map((side, i) => clamp(roundHalfEven(side * scale), size[i], MAX_SIDES * size[i]));
    }
    const [columns, rows] = size.map((side) => roundHalfEven(side * zoom));
    if (this.mode !== "squeeze") return [columns, rows];
    const aspect = clamp((width / height) / (size[0] / size[1]), 1 / MAX_SQUEEZE_ASPECT, MAX_SQUEEZE_ASPECT);
    return [roundHalfEven(columns * Math.max(aspect, 1)), roundHalfEven(rows * Math.max(1 / aspect, 1))];
  }
}

function embed(photo, { inner, outer, isRotated }, isMirrored) {
  const resized = resizeTo(isRotated ? turn(photo, TURNED_LEFT) : photo, inner);
  const [left, top] = outer.map((side, i) => Math.floor((side - inner[i]) / 2));
  return padPixels(resized, outer, [left, top], isMirrored ? mirrored : null);
}

/** The photo at (left, top) of larger pixels; the others as `placeOf` says, or black where it is null. */
export function padPixels(photo, [width, height], [left, top] = [0, 0], placeOf = null) {
  if (isSize(photo, [width, height])) return photo;
  const result = newPixels(width, height);
  const [from, to] = [photo, result].map(({ data }) => new Uint32Array(data.buffer, data.byteOffset, data.length / 4));
  const columns = Int32Array.from({ length: width }, (_, x) => placeIn(x - left, photo.width, placeOf));
  for (let y = 0, i = 0; y < height; y += 1) {
    const row = placeIn(y - top, photo.height, placeOf);
    for (let x = 0; x < width; x += 1, i += 1) {
      if (row >= 0 && columns[x] >= 0) to[i] = from[row * photo.width + columns[x]];
      else result.data[4 * i + 3] = 255;
    }
  }
  return result;
}

function placeIn(place, size, placeOf) {
  if (placeOf) return placeOf(place, size);
  return place < size ? Math.max(place, -1) : -1;
}

function turn(photo, orientation) {
  const place = turning(orientation, photo.width, photo.height);
  const result = newPixels(...place.size);
  placeRows(result.data, photo.data, photo.width, 0, place);
  return result;
}

function resizeTo(photo, size) {
  return isSize(photo, size) ? photo : resizePixels(photo, ...size, resizeArea);
}

/** Area-averaged where a side shrinks, then cubic where one grows. */
function resample(photo, width, height) {
  const less = resizeTo(photo, [Math.min(width, photo.width), Math.min(height, photo.height)]);
  return isSize(less, [width, height]) ? less : resizePixels(less, width, height, resizeCubic);
}
