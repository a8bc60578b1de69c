// All photos, one after the other, into one ZIP file.

import { saveBlob } from "../core/download.js";
import { colored, writeHints } from "./hints.js";
import { NORMAL } from "./request_queue.js";
import { Zip } from "../core/zip.js";

const ZIP_NAME = "in-colour.zip";

/** The finished file of one photo, as a Blob, its name and the settings that it has. */
export async function finishPhoto(client, photo, format) {
  const settings = settingsOf(photo);
  const request = { kind: "save", format, ...settings };
  const answer = await client.ask(photo, request, { priority: NORMAL });
  return { name: answer.name, blob: await client.fetchResult(photo), settings: JSON.stringify(settings) };
}

/** How a photo is to be coloured, as the server reads it. */
export function settingsOf(photo) {
  const { strength, size, repair, denoise, negative, crop, strip } = photo;
  const hints = colored(photo.history.value);
  return { strength, size, repair, denoise, negative, crop, strip, hints };
}

/** Hints of these photos as a file; null where there are none. */
export function hintsFile(photos) {
  const hinted = photos.filter((photo) => colored(photo.history.value).length);
  if (!hinted.length) return null;
  const byName = Object.fromEntries(hinted.map((photo) => [photo.name, photo.history.value]));
  return new Blob([writeHints(byName)], { type: "application/json" });
}

/**
 * Goes on past a photo that fails. `onChange(photo)` follows each one's state, `isCancelled()` is
 * asked before each, `keep(photo)` says whether the server should keep it. Returns how it went.
 */
export async function saveAll(client, photos, format, { onChange, isCancelled, keep }) {
  const zip = new Zip();
  const failed = [];
  const savedSettings = new Map();
  for (const photo of photos) Object.assign(photo, { state: "waiting", reason: "" });
  onChange(photos[0]);
  for (const photo of photos) {
    if (isCancelled()) break;
    photo.state = "working";
    onChange(photo);
    try {
      const { name, blob, settings } = await finishPhoto(client, photo, format);
      savedSettings.set(photo, settings);
      zip.add(name, new Uint8Array(await blob.arrayBuffer()), blob);
      photo.state = "done";
    } catch (error) {
      Object.assign(photo, { state: "failed", reason: error.message });
      failed.push(photo);
    }
    if (!keep(photo)) client.forget(photo);
    onChange(photo);
  }
  const saved = zip.count;
  if (isCancelled()) {
    for (const photo of photos) if (photo.state === "waiting") photo.state = photo.thumb ? "done" : "waiting";
    onChange(photos[0]);
    return { saved: 0, failed, cancelled: true };
  }
  if (saved) {
    const hints = hintsFile(photos);
    if (hints) zip.add("hints.json", new Uint8Array(await hints.arrayBuffer()), hints);
    saveBlob(new Blob(zip.finish(), { type: "application/zip" }), ZIP_NAME);
    for (const [photo, settings] of savedSettings) photo.saved = settings;
  }
  return { saved, failed, cancelled: false };
}
