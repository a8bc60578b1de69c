// Reads the parts of JPEG, PNG and WebP files that are no pixels: sizes, Exif, XMP, IPTC, texts, resolution.

import { Unzlib } from "../../vendor/fflate.js";
import { concatBytes, decodeUtf8, startsWith, toBinaryText } from "./bytes.js";
import { resolutionOf } from "./exif.js";

const MAX_TEXT_BYTES = 8 << 20; // of PNG texts, inflated, all together
const XMP_HEADER = "http://ns.adobe.com/xap/1.0/\0";
const PHOTOSHOP = "Photoshop 3.0\0";
const IPTC_BLOCK = 0x0404;
const XMP_TEXT = "XML:com.adobe.xmp";
const SIGNATURES = [
  ["JPEG", "\xff\xd8\xff"], ["PNG", "\x89PNG\r\n\x1a\n"], ["GIF", "GIF8"], ["BMP", "BM"],
  ["TIFF", "II*\0"], ["TIFF", "MM\0*"], ["TIFF", "II+\0"], ["TIFF", "MM\0+"],
];
const HEIC_BRANDS = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];

/** The format in a file's first bytes: JPEG, PNG, GIF, BMP, TIFF, WEBP, AVIF, HEIC or null. */
export function detectFormat(bytes) {
  if (startsWith(bytes, "RIFF") && startsWith(bytes, "WEBP", 8)) return "WEBP";
  if (startsWith(bytes, "ftyp", 4)) {
    const brand = toBinaryText(bytes.subarray(8, 12));
    return brand.startsWith("avi") ? "AVIF" : HEIC_BRANDS.includes(brand) ? "HEIC" : null;
  }
  return SIGNATURES.find(([, start]) => startsWith(bytes, start))?.[0] ?? null;
}

/**
 * What a file holds besides its pixels: { size, exif, xmp, iptc, texts, dpi }, where the format has it.
 * `size` is [width, height] as stored, `exif`, `xmp` and `iptc` are bytes, `texts` a Map, `dpi` [x, y].
 * Broken parts are left out.
 */
export function readParts(bytes) {
  const parts = { texts: new Map() };
  const read = { JPEG: readJpeg, PNG: readPng, WEBP: readWebp, GIF: readGif }[detectFormat(bytes)];
  try {
    read?.(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), parts);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // the file ends too early
  }
  return parts;
}

function readJpeg(bytes, view, parts) {
  let at = 2;
  while (at < bytes.length) {
    if (bytes[at] !== 0xff) {
      at += 1;
      continue;
    }
    const marker = bytes[at + 1];
    if (marker === 0xff || marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    if (marker === 0xda || marker === 0xd9) break;
    const length = view.getUint16(at + 2);
    readSegment(marker, bytes.subarray(at + 4, at + 2 + length), view, at + 4, parts);
    at += 2 + length;
  }
  parts.dpi ??= parts.exif && resolutionOf(parts.exif);
}

function readSegment(marker, content, view, at, parts) {
  const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
  if (isFrame) parts.size = [view.getUint16(at + 3), view.getUint16(at + 1)];
  else if (marker === 0xe0 && startsWith(content, "JFIF")) {
    const scale = { 1: 1, 2: 2.54 }[content[7]];
    if (scale) parts.dpi = [view.getUint16(at + 8) * scale, view.getUint16(at + 10) * scale];
  } else if (marker === 0xe1 && startsWith(content, "Exif\0\0")) {
    parts.exif = parts.exif ? concatBytes([parts.exif, content.subarray(6)]) : content;
  } else if (marker === 0xe1 && startsWith(content, XMP_HEADER)) parts.xmp = content.subarray(XMP_HEADER.length);
  else if (marker === 0xed && startsWith(content, PHOTOSHOP)) parts.iptc = findIptc(content) ?? parts.iptc;
  else if (marker === 0xfe) parts.comment = decodeUtf8(content);
}

/** The IPTC records in a Photoshop segment; undefined where it has none. */
function findIptc(content) {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  let at = PHOTOSHOP.length;
  while (startsWith(content, "8BIM", at)) {
    const code = view.getUint16(at + 4);
    at += 6 + 1 + content[at + 6];
    at += at % 2;
    const size = view.getUint32(at);
    if (code === IPTC_BLOCK) return content.subarray(at + 4, at + 4 + size);
    at += 4 + size;
    at += at % 2;
  }
  return undefined;
}

function readPng(bytes, view, parts) {
  parts.size = [view.getUint32(16), view.getUint32(20)];
  const budget = { left: MAX_TEXT_BYTES };
  for (let at = 8; at + 8 <= bytes.length;) {
    const length = view.getUint32(at);
    const content = bytes.subarray(at + 8, at + 8 + length);
    const kind = toBinaryText(bytes.subarray(at + 4, at + 8));
    if (kind === "eXIf") parts.exif = content;
    else if (kind === "pHYs" && content[8] === 1) {
      parts.dpi = [view.getUint32(at + 8) * 0.0254, view.getUint32(at + 12) * 0.0254];
    } else if (kind === "tEXt" || kind === "zTXt" || kind === "iTXt") {
      const text = readText(kind, content, budget, parts);
      if (text) parts.texts.set(...text);
    }
    at += 12 + length;
  }
}

/** [keyword, text] of a chunk; null where it is broken, or its text too long. */
function readText(kind, content, budget, parts) {
  const end = content.indexOf(0);
  const key = toBinaryText(end < 0 ? content : content.subarray(0, end));
  const rest = end < 0 ? new Uint8Array() : content.subarray(end + 1);
  if (!key) return null;
  if (kind === "tEXt") return [key, toBinaryText(rest)];
  if (kind === "zTXt") {
    const text = rest.length ? inflate(rest.subarray(1), budget) : new Uint8Array();
    return text && [key, toBinaryText(text)];
  }
  const language = rest.indexOf(0, 2);
  const translated = rest.indexOf(0, language + 1);
  if (rest.length < 2 || language < 0 || translated < 0) return null;
  const packed = rest.subarray(translated + 1);
  const text = rest[0] ? inflate(packed, budget) : packed;
  if (text && key === XMP_TEXT) parts.xmp = text;
  return text && [key, decodeUtf8(text)];
}

/** Inflated bytes; null where they are broken or exceed what is left of the budget. */
function inflate(bytes, budget) {
  const parts = [];
  const stream = new Unzlib((part) => {
    parts.push(part);
    budget.left -= part.length;
    if (budget.left < 0) throw new Error("too long");
  });
  try {
    for (let at = 0; at < bytes.length; at += 4096) {
      stream.push(bytes.subarray(at, at + 4096), at + 4096 >= bytes.length);
    }
  } catch {
    return null;
  }
  return concatBytes(parts);
}

function readWebp(bytes, view, parts) {
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    const kind = toBinaryText(bytes.subarray(at, at + 4));
    const content = bytes.subarray(at + 8, at + 8 + length);
    const number24 = (i) => content[i] | (content[i + 1] << 8) | (content[i + 2] << 16);
    if (kind === "VP8X") parts.size = [number24(4) + 1, number24(7) + 1];
    else if (kind === "VP8 ") {
      parts.size ??= [view.getUint16(at + 14, true) & 0x3fff, view.getUint16(at + 16, true) & 0x3fff];
    } else if (kind === "VP8L") {
      const bits = view.getUint32(at + 9, true);
      parts.size ??= [(bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1];
    } else if (kind === "EXIF") parts.exif = content;
    else if (kind === "XMP ") parts.xmp = content;
    at += 8 + length + (length % 2);
  }
}

function readGif(bytes, view, parts) { parts.size = [view.getUint16(6, true), view.getUint16(8, true)]; }
