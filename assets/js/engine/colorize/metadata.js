// Copies a photo's metadata (captions, people, dates, GPS position) to a result. As
// pix2pix/images/metadata.py, for results in JPEG and PNG.
//
// Metadata is { exif, xmp, iptc, texts }: bytes that can be written unchanged, and pairs of texts.

import { zlibSync } from "../../vendor/fflate.js";
import { bigEndian, concatBytes, decodeUtf8, encodeUtf8, fromBinaryText, startsWith, toBinaryText } from "./bytes.js";
import * as exif from "./exif.js";
import { jpegSegment } from "./jpeg_encoder.js";
import { roundHalfEven } from "./numbers.js";

const MAX_XMP_BYTES = 500_000;
const MAX_IPTC_BYTES = 60_000;
const MAX_TEXT_CHARS = 50_000; // of one PNG text
const MAX_TEXTS_CHARS = 200_000; // of all PNG texts
const JPEG_ROOM = 65_000;
const XMP_TEXT = "XML:com.adobe.xmp";
const RAW = "Raw profile type ";

// PNG text keywords and the corresponding Exif tags (PNG 1.2, 4.2.3.1)
const TEXT_TAGS = {
  Description: exif.DESCRIPTION, Title: exif.DESCRIPTION, Comment: exif.DESCRIPTION,
  Author: exif.ARTIST, Copyright: exif.COPYRIGHT, Software: exif.SOFTWARE,
};
// IPTC records "record,number", and the corresponding Exif tags (IIM 4.2)
const IPTC_TAGS = { "2,120": exif.DESCRIPTION, "2,80": exif.ARTIST, "2,116": exif.COPYRIGHT };

const NOTHING = new Uint8Array();
export const NO_METADATA = { exif: NOTHING, xmp: NOTHING, iptc: NOTHING, texts: [] };

/** The metadata in the parts of a file, see file_parts.js. */
export function readMetadata(parts) {
  const block = parts.exif ?? rawProfile(parts, "exif");
  return {
    exif: exif.packExif(exif.parseExif(block)),
    xmp: cleanXmp(parts.xmp ?? encodeUtf8(parts.texts.get(XMP_TEXT) ?? "")),
    iptc: cleanIptc(parts.iptc ?? rawProfile(parts, "iptc")),
    texts: cleanTexts(parts),
  };
}

/** A block that ImageMagick stored as PNG text: name, length, hexadecimal digits. */
function rawProfile({ texts }, name) {
  const text = texts.get(RAW + name) ?? "";
  const digits = text.trim().split(/\s+/).slice(2).join("");
  if (text.length > 4 * MAX_XMP_BYTES || !/^(?:[0-9a-f]{2})+$/i.test(digits)) return NOTHING;
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/** The XMP packet without orientation, thumbnails and references to extended XMP. */
function cleanXmp(packet) {
  if (!packet.length || packet.length > MAX_XMP_BYTES) return NOTHING;
  const [head, ...others] = toBinaryText(packet).replace(/[\0 \n\r\t]+$/, "").split("<xmp:Thumbnails>");
  const afterThumbnails = (part) => part.split("</xmp:Thumbnails>").slice(1).join("</xmp:Thumbnails>");
  const text = (head + others.map(afterThumbnails).join(""))
    .replace(/[ \t\n\r\f\v]?tiff:Orientation="[0-9]"/g, "")
    .replace(/<tiff:Orientation>[0-9]<\/tiff:Orientation>/g, "")
    .replace(/[ \t\n\r\f\v]?xmpNote:HasExtendedXMP="[A-Za-z0-9_]{0,40}"/g, "");
  return fromBinaryText(text);
}

function cleanIptc(found) {
  if (startsWith(found, "8BIM")) found = startsWith(found, "\x04\x04\0\0", 4) ? found.subarray(12) : NOTHING;
  return found[0] === 0x1c && found.length <= MAX_IPTC_BYTES ? found : NOTHING;
}

function cleanTexts({ texts, comment }) {
  const found = new Map(texts);
  if (comment?.replace(/[\0 \n]/g, "") && !found.has("Comment")) {
    found.set("Comment", comment.replace(/^\0+|\0+$/g, ""));
  }
  let total = 0;
  return [...found].filter(([key, text]) => {
    if (key === XMP_TEXT || key.startsWith(RAW) || !key.length || key.length >= 80) return false;
    total += text.length;
    return text.length <= MAX_TEXT_CHARS && total <= MAX_TEXTS_CHARS;
  });
}

function fillFromTexts(block, texts, but) {
  const known = new Map(texts);
  for (const [key, tag] of Object.entries(TEXT_TAGS)) {
    if (known.has(key) && key !== but) exif.fillTag(block, tag, known.get(key));
  }
}

/** Fills missing tags from IPTC records: marker, record, number, length, value (IIM 4.2). */
function fillFromIptc(block, records) {
  for (let at = 0; records[at] === 0x1c && at + 5 <= records.length;) {
    const length = records[at + 3] * 256 + records[at + 4];
    const tag = IPTC_TAGS[`${records[at + 1]},${records[at + 2]}`];
    if (tag && length < 32768) exif.fillTag(block, tag, decodeText(records.subarray(at + 5, at + 5 + length)));
    at += 5 + length;
  }
}

/** UTF-8, else Latin-1. */
function decodeText(bytes) {
  const text = decodeUtf8(bytes);
  return text.includes("\ufffd") ? toBinaryText(bytes) : text;
}

/** The whole resolution where it is plausible, [x, y] in pixels per inch; else null. */
const plausible = (dpi) => (dpi?.every((value) => value > 1 && value < 65536) ? dpi : null);

/** The first segments of a JPEG file with metadata, and a resolution [x, y] in pixels per inch or null. */
export function jpegSegments(metadata, dpi) {
  const block = exif.parseExif(metadata.exif);
  fillFromTexts(block, metadata.texts, "Comment");
  const [unit, x, y] = plausible(dpi) ? [1, ...dpi.map(roundHalfEven)] : [0, 1, 1];
  const segments = [jpegSegment(0xe0, concatBytes([
    fromBinaryText("JFIF\0\x01\x01"), Uint8Array.of(unit), bigEndian(x, 2), bigEndian(y, 2), Uint8Array.of(0, 0),
  ]))];
  const packed = exif.packExif(block);
  if (packed.length) segments.push(jpegSegment(0xe1, packed));
  if (metadata.xmp.length && metadata.xmp.length <= JPEG_ROOM) {
    segments.push(jpegSegment(0xe1, concatBytes([fromBinaryText("http://ns.adobe.com/xap/1.0/\0"), metadata.xmp])));
  }
  if (metadata.iptc.length) {
    const records = concatBytes([fromBinaryText("Photoshop 3.0\x008BIM\x04\x04\0\0"),
      bigEndian(metadata.iptc.length, 4), metadata.iptc]);
    segments.push(jpegSegment(0xed, concatBytes([records, new Uint8Array(records.length % 2)])));
  }
  const comment = encodeUtf8(new Map(metadata.texts).get("Comment") ?? "");
  if (comment.length) segments.push(jpegSegment(0xfe, comment));
  return segments;
}

/** The chunks [kind, content] of a PNG file with metadata and a resolution; see png_encoder.js. */
export function pngChunks(metadata, dpi) {
  const block = exif.parseExif(metadata.exif);
  fillFromIptc(block, metadata.iptc);
  const chunks = metadata.texts.map(([key, text]) => textChunk(key, text));
  if (metadata.xmp.length) chunks.push(textChunk(XMP_TEXT, decodeUtf8(metadata.xmp), true));
  if (metadata.iptc.length) chunks.push(rawChunk(metadata.iptc));
  if (plausible(dpi)) {
    const perMetre = dpi.map((value) => bigEndian(Math.trunc(value / 0.0254 + 0.5), 4));
    chunks.push(["pHYs", concatBytes([...perMetre, Uint8Array.of(1)])]);
  }
  const packed = exif.packExif(block);
  if (packed.length) chunks.push(["eXIf", packed.subarray(exif.EXIF_HEADER.length)]);
  return chunks;
}

const isAscii = (text) => /^[\0-\x7f]*$/.test(text);

function textChunk(key, text, isInternational = false) {
  const head = fromBinaryText(`${key}\0`);
  if (!isInternational && isAscii(key) && isAscii(text)) {
    return ["tEXt", concatBytes([head, fromBinaryText(text)])];
  }
  return ["iTXt", concatBytes([head, new Uint8Array(4), encodeUtf8(text)])];
}

/** IPTC records in the form of ImageMagick and ExifTool. */
function rawChunk(records) {
  const digits = [...records].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const lines = digits.match(/.{1,72}/g).join("\n");
  const text = `\niptc\n${String(records.length).padStart(8)}\n${lines}\n`;
  return ["zTXt", concatBytes([fromBinaryText(`${RAW}iptc\0\0`), zlibSync(fromBinaryText(text))])];
}
