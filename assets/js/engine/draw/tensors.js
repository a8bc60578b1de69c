// Drawings and photos as tensors { data: Float32Array, dims } and back, as pix2pix/models/tensors.py does.
// No DOM: runs under Node too.

import { resizePhoto } from "../colorize/cv_resize.js";
import { clamp, roundHalfEven } from "../colorize/numbers.js";
import { newPixels, newPlane } from "../colorize/planes.js";
import { encodeLabels, resizeLabelMap } from "../labels/label_map.js";

const MAX_ASPECT = 4; // maximum ratio of the working image's sides

/**
 * A map { width, height, ids } at the short side `side`: { padded, width, height }, the size without the
 * padding to a multiple of `multiple` at the right and below.
 */
export function fitMap(map, { side, multiple }, placeOf = clamped) {
  const scale = side / Math.min(map.width, map.height);
  const [width, height] = [map.width, map.height].map((length) => (
    Math.min(roundHalfEven(length * scale), side * MAX_ASPECT)
  ));
  return { padded: pad(resizeLabelMap(map, width, height), multiple, placeOf), width, height };
}

/** The network's input for a drawing { width, height, ids } as `fitMap` fits it: { tensor, width, height }. */
export function encodeDrawing(drawing, { side, multiple, kind, config }) {
  const isLines = kind === "lines";
  const { padded, width, height } = fitMap(drawing, { side, multiple }, isLines ? mirrored : clamped);
  const dims = (channels) => [1, channels, padded.height, padded.width];
  if (isLines) {
    const ink = config.input_type === "lines-white" ? 1 : -1;
    const plane = Float32Array.from(padded.ids, (id) => (id === 1 ? ink : -ink));
    const data = new Float32Array(3 * plane.length);
    for (let channel = 0; channel < 3; channel += 1) data.set(plane, channel * plane.length);
    return { tensor: { data, dims: dims(3) }, width, height };
  }
  const classes = config.generator.in_channels;
  return { tensor: { data: encodeLabels(padded.ids, classes), dims: dims(classes) }, width, height };
}

/** The place in 0..size - 1 that numpy's "edge" padding repeats at `place`. */
export const clamped = (place, size) => clamp(place, 0, size - 1);

/** The place that numpy's "symmetric" padding repeats. */
export function mirrored(place, size) {
  const at = ((place % (2 * size)) + 2 * size) % (2 * size);
  return at < size ? at : 2 * size - 1 - at;
}

/** A map enlarged at the right and below to multiples. */
function pad(map, multiple, placeOf) {
  const [width, height] = [map.width, map.height].map((side) => Math.ceil(side / multiple) * multiple);
  if (width === map.width && height === map.height) return map;
  const ids = new Uint8Array(width * height);
  for (let y = 0, to = 0; y < height; y += 1) {
    const row = placeOf(y, map.height) * map.width;
    for (let x = 0; x < width; x += 1, to += 1) ids[to] = map.ids[row + placeOf(x, map.width)];
  }
  return { width, height, ids };
}

/** An opaque photo { width, height, data: RGBA } with each plane resized, by default as `resize_photo` of Python does. */
export function resizePixels(photo, width, height, resize = resizePhoto) {
  const result = newPixels(width, height);
  for (let channel = 0; channel < 3; channel += 1) {
    const plane = newPlane(photo.width, photo.height, Uint16Array);
    for (let i = 0; i < plane.data.length; i += 1) plane.data[i] = photo.data[4 * i + channel];
    const { data } = resize(plane, width, height);
    for (let i = 0; i < data.length; i += 1) result.data[4 * i + channel] = data[i];
  }
  for (let i = 3; i < result.data.length; i += 4) result.data[i] = 255;
  return result;
}

/** (1, 3, H, W) in -1..1 of a photo { width, height, data: RGBA }. */
export function encodePhoto({ width, height, data }) {
  const count = width * height;
  const planes = new Float32Array(3 * count);
  for (let i = 0; i < count; i += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      planes[channel * count + i] = Math.fround(data[4 * i + channel] / 127.5) - 1;
    }
  }
  return { data: planes, dims: [1, 3, height, width] };
}

/** The upper left `width` x `height` pixels { width, height, data: RGBA } of an output (1, 3, H, W) in -1..1. */
export function decodePicture({ data: planes, dims: [, , rows, columns] }, width, height) {
  const data = new Uint8ClampedArray(4 * width * height);
  const count = rows * columns;
  for (let y = 0, to = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, to += 4) {
      const from = y * columns + x;
      for (let channel = 0; channel < 3; channel += 1) {
        const value = Math.fround(Math.fround(planes[channel * count + from] + 1) * 127.5) + 0.5;
        data[to + channel] = Math.floor(Math.min(Math.max(value, 0), 255));
      }
      data[to + 3] = 255;
    }
  }
  return { width, height, data };
}
