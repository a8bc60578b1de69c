// Parses Exif blocks, and keeps the tags about the photo and its people, byte for byte. As
// pix2pix/images/exif.py. A block is { isLittle, rows, below }: Maps of tags, its own and those of the
// sub-directories EXIF and GPS, to { kind, length, value }.

import { concatBytes, encodeUtf8, fromBinaryText, startsWith } from "./bytes.js";

const MAX_BYTES = 60_000; // of a block; a JPEG segment holds 65,527
export const EXIF_HEADER = "Exif\0\0";
export const [DESCRIPTION, SOFTWARE, ARTIST, COPYRIGHT] = [270, 305, 315, 33432];
const [EXIF, GPS] = [34665, 34853];
const ORIENTATION = 274;

// Names, captions, dates, people, devices; the rating and Windows' title, comment, author, ...
const KEPT = new Set([
  269, 270, 271, 272, 285, 305, 306, 315, 316, 18246, 18249, 33432, 36867, 36868,
  0x9c9b, 0x9c9c, 0x9c9d, 0x9c9e, 0x9c9f,
]);
// Of the Exif directory: the old file's pixels, other directories, MakerNote with its offsets
const LEFT_OUT = new Set([37121, 37122, 37500, 40961, 40962, 40963, 40965, 41486, 41487, 41488]);
const MAX_TAGS = 1000;
const KIND_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8]; // by kind, 1 to 12

const emptyBlock = () => ({ isLittle: false, rows: new Map(), below: new Map() });

/** The TIFF file in a block with or without its header: a DataView, its byte order and first directory. */
function openTiff(block) {
  const bytes = startsWith(block, EXIF_HEADER) ? block.subarray(EXIF_HEADER.length) : block;
  const isLittle = startsWith(bytes, "II*\0");
  if (bytes.length < 8 || !(isLittle || startsWith(bytes, "MM\0*"))) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { view, isLittle, entries: readEntries(view, view.getUint32(4, isLittle), isLittle) };
}

/** The entries of a directory by tag: { kind, length, value }. Empty where the directory is broken. */
function readEntries(view, offset, isLittle) {
  const found = new Map();
  if (offset + 2 > view.byteLength) return found;
  const count = view.getUint16(offset, isLittle);
  if (count > MAX_TAGS || offset + 2 + 12 * count > view.byteLength) return found;
  for (let at = offset + 2; at < offset + 2 + 12 * count; at += 12) {
    const [kind, length] = [view.getUint16(at + 2, isLittle), view.getUint32(at + 4, isLittle)];
    const size = (KIND_BYTES[kind] ?? 0) * length;
    const place = size > 4 ? view.getUint32(at + 8, isLittle) : at + 8;
    if (size <= 0 || size > MAX_BYTES || place + size > view.byteLength) continue;
    const value = new Uint8Array(view.buffer, view.byteOffset + place, size);
    found.set(view.getUint16(at, isLittle), { kind, length, value });
  }
  return found;
}

const numberIn = ({ value }, isLittle) => {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return value.length >= 4 ? view.getUint32(0, isLittle) : view.getUint16(0, isLittle);
};

const select = (entries, isKept) => new Map([...entries].filter(([tag]) => isKept(tag)));

/** The kept tags of a block; none if it is broken. */
export function parseExif(block) {
  const tiff = openTiff(block);
  if (!tiff) return emptyBlock();
  const { view, isLittle, entries } = tiff;
  const below = new Map();
  for (const tag of [EXIF, GPS]) {
    const link = entries.get(tag);
    if (link?.value.length !== 4) continue;
    const inner = readEntries(view, numberIn(link, isLittle), isLittle);
    below.set(tag, select(inner, (each) => !LEFT_OUT.has(each)));
  }
  return { isLittle, rows: select(entries, (tag) => KEPT.has(tag)), below };
}

/** Where a block has its orientation, as { view, at, isLittle }; null where it has none. */
export function orientationPlace(block) {
  const tiff = openTiff(block);
  const entry = tiff?.entries.get(ORIENTATION);
  if (entry?.kind !== 3) return null;
  return { view: tiff.view, at: entry.value.byteOffset - tiff.view.byteOffset, isLittle: tiff.isLittle };
}

/** The resolution in a block in pixels per inch, [x, x]; null where there is none. */
export function resolutionOf(block) {
  const tiff = openTiff(block);
  const [x, unit] = [282, 296].map((tag) => tiff?.entries.get(tag));
  if (x?.kind !== 5 || unit?.kind !== 3) return null;
  const view = new DataView(x.value.buffer, x.value.byteOffset);
  const value = view.getUint32(0, tiff.isLittle) / view.getUint32(4, tiff.isLittle);
  const perInch = numberIn(unit, tiff.isLittle) === 3 ? value * 2.54 : value;
  return [perInch, perInch];
}

/** Sets a text tag unless the block has it already. */
export function fillTag(block, tag, text) {
  const value = encodeUtf8(`${text.trim()}\0`);
  if (block.rows.has(tag) || value.length <= 1 || value.length >= MAX_BYTES / 4) return;
  block.rows.set(tag, { kind: 2, length: value.length, value });
}

/** The block as bytes, with its header; drops the longest values if it is too large. Empty without tags. */
export function packExif(block) {
  const { isLittle } = block;
  dropLongest(block);
  const below = [...block.below].filter(([, rows]) => rows.size);
  if (!block.rows.size && !below.length) return new Uint8Array();
  const number = (value) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, isLittle);
    return { kind: 4, length: 1, value: bytes };
  };
  const links = new Map(below.map(([tag]) => [tag, number(0)]));
  let offset = 8 + packDirectory(new Map([...block.rows, ...links]), 8, isLittle).length;
  const bodies = below.map(([tag, rows]) => {
    links.set(tag, number(offset));
    const body = packDirectory(rows, offset, isLittle);
    offset += body.length;
    return body;
  });
  const mark = isLittle ? "II*\0\x08\0\0\0" : "MM\0*\0\0\0\x08";
  const own = packDirectory(new Map([...block.rows, ...links]), 8, isLittle);
  return concatBytes([fromBinaryText(EXIF_HEADER + mark), own, ...bodies]);
}

function dropLongest(block) {
  const places = [block.rows, ...block.below.values()].flatMap((rows) => [...rows.keys()].map((tag) => [rows, tag]));
  places.sort(([a, i], [b, j]) => a.get(i).value.length - b.get(j).value.length);
  let total = places.reduce((sum, [rows, tag]) => sum + rows.get(tag).value.length + 12, 100);
  while (total > MAX_BYTES) {
    const [rows, tag] = places.pop();
    total -= rows.get(tag).value.length + 12;
    rows.delete(tag);
  }
}

function packDirectory(rows, offset, isLittle) {
  const table = new DataView(new ArrayBuffer(2 + 12 * rows.size + 4));
  table.setUint16(0, rows.size, isLittle);
  const values = [];
  let [at, place] = [2, offset + table.byteLength];
  for (const [tag, { kind, length, value }] of [...rows].sort(([a], [b]) => a - b)) {
    table.setUint16(at, tag, isLittle);
    table.setUint16(at + 2, kind, isLittle);
    table.setUint32(at + 4, length, isLittle);
    if (value.length > 4) {
      table.setUint32(at + 8, place, isLittle);
      values.push(value, new Uint8Array(value.length % 2));
      place += value.length + (value.length % 2);
    } else new Uint8Array(table.buffer, at + 8, 4).set(value);
    at += 12;
  }
  return concatBytes([new Uint8Array(table.buffer), ...values]);
}
