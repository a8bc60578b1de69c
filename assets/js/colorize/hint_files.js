// Files of hints.

import { saveBlob } from "../core/download.js";
import { colored, readHints, writeHints } from "./hints.js";

export const isHintsFile = (file) => /\.json$/i.test(file.name);
export const isHintsName = (name) => /hints\.json$/i.test(name); // in folders: other JSON files are not ours

/** The hints of these photos as a Blob; null where there are none. */
export function hintsBlob(photos) {
  const hinted = photos.filter((photo) => colored(photo.history.value).length);
  if (!hinted.length) return null;
  const byName = Object.fromEntries(hinted.map((photo) => [photo.name, photo.history.value]));
  return new Blob([writeHints(byName)], { type: "application/json" });
}

/** Saves the hints of a photo as a file. Returns whether it has any. */
export function saveHints(photo) {
  const blob = hintsBlob([photo]);
  if (blob) saveBlob(blob, `${photo.name.replace(/\.[^.]+$/, "")}-hints.json`);
  return blob !== null;
}

/**
 * Sets hints from a file on the photos of the same names; where the file has a single list, else on
 * `current`. Resolves to { changed: photos, count: lists in the file }; rejects with a message for the
 * visitor.
 */
export async function openHints(file, photos, current, maxHints) {
  const lists = Object.entries(readHints(await file.text(), maxHints));
  const changed = [];
  for (const [name, hints] of lists) {
    const photo = photos.find((other) => other.name === name) ?? (lists.length === 1 ? current : null);
    if (!photo) continue;
    photo.history.push(hints);
    photo.selected = -1;
    changed.push(photo);
  }
  return { changed, count: lists.length };
}
