// Decodes and encodes pictures with what the browser has. In a worker: needs OffscreenCanvas.

import { toBase64 } from "../../core/codec.js";
import { detectFormat, readParts } from "./file_parts.js";
import { JpegEncoder } from "./jpeg_encoder.js";
import { jpegSegments, pngChunks } from "./metadata.js";
import { layOnWhite, newPixels } from "./planes.js";
import { placeRows, takeOrientation, turning } from "./orientation.js";
import { PngEncoder } from "./png_encoder.js";
import { strips } from "./stages.js";

const MAX_PIXELS = 50_000_000;
const STRIP_PIXELS = 1 << 21;

// What to do with files that not every browser decodes
const REASONS = {
  TIFF: "is a TIFF, which this browser cannot open: please save it as PNG or JPEG, or use the app, which opens it",
  HEIC: "is a HEIC photo, which this browser cannot open: please export it as JPEG, or use the app, which opens it",
  AVIF: "is an AVIF picture that this browser cannot open: please save it as JPEG first",
};

/**
 * The { pixels, parts } of an image file, upright and in sRGB; `parts` as in file_parts.js. Rejects with
 * "NAME: reason" for a file that is no image, damaged, or over 50 megapixels.
 */
export async function decodeFile(file, name) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const format = detectFormat(bytes);
  const parts = readParts(bytes);
  checkSize(name, ...(parts.size ?? [0, 0]));
  const orientation = takeOrientation(bytes, parts, format);
  const source = orientation === 1 ? file : new Blob([bytes]);
  const bitmap = await createImageBitmap(source, { premultiplyAlpha: "none" }).catch(() => {
    const known = REASONS[format] ?? (format && "is damaged or cut short");
    throw new Error(`${name}: ${known || "is not an image that this browser can open"}`);
  });
  try {
    checkSize(name, bitmap.width, bitmap.height);
    return { pixels: readBitmap(bitmap, orientation), parts };
  } finally {
    bitmap.close();
  }
}

function checkSize(name, width, height) {
  if (width * height > MAX_PIXELS) {
    throw new Error(`${name}: is ${width}x${height} pixels; the limit is ${MAX_PIXELS / 1e6} megapixels`);
  }
}

/** In strips: a canvas as large as the picture would be one more copy of it, and may be too large. */
function readBitmap(bitmap, orientation) {
  const { width, height } = bitmap;
  const turn = turning(orientation, width, height);
  const pixels = newPixels(...turn.size);
  const parts = strips(width, height, STRIP_PIXELS);
  const canvas = new OffscreenCanvas(width, parts[0][1]);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.globalCompositeOperation = "copy";
  for (const [top, bottom] of parts) {
    const rows = bottom - top;
    context.drawImage(bitmap, 0, top, width, rows, 0, 0, width, rows);
    placeRows(pixels.data, context.getImageData(0, 0, width, rows).data, width, top, turn);
  }
  return pixels;
}

/** A data URI of a small picture, as JPEG or WebP; a browser without WebP makes a PNG of it. */
export async function encodePreview({ width, height, data }, type, quality) {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
  const blob = await canvas.convertToBlob({ type, quality });
  return `data:${blob.type};base64,${toBase64(new Uint8Array(await blob.arrayBuffer()))}`;
}

/**
 * Writes a large picture: `add(top, rows)` takes its RGBA bytes from top to bottom, `finish()` resolves to
 * the file as a Blob. `metadata` and `dpi` are as in metadata.js.
 */
export function createWriter({ width, height, format, hasAlpha, metadata, dpi }) {
  if (format === "png") {
    const encoder = new PngEncoder(width, height, hasAlpha, pngChunks(metadata, dpi));
    return {
      add: (top, rows) => encoder.add(rows),
      finish: async () => new Blob(await encoder.finish(), { type: "image/png" }),
    };
  }
  const encoder = new JpegEncoder(width, height, jpegSegments(metadata, dpi));
  return {
    add(top, rows) {
      encoder.add(hasAlpha ? layOnWhite({ width, height: rows.length / (4 * width), data: rows }).data : rows);
    },
    finish: async () => new Blob(encoder.finish(), { type: "image/jpeg" }),
  };
}

export const browserCodec = { decodeFile, encodePreview, createWriter };
