// Saves photos: one as a file, or all of them in one ZIP file.

import { saveBlob } from "../core/download.js";
import { freeName, plainName } from "../core/file_names.js";
import { downloadZip } from "../vendor/client-zip.js";
import { hintsBlob } from "./hint_files.js";
import { settingsOf } from "./photo.js";
import { NORMAL } from "./request_queue.js";

const ZIP_NAME = "in-colour.zip";

/** The finished file of a photo: its name, a Blob, and the settings it was made with, as JSON. */
export async function finishPhoto(client, photo, format) {
  const settings = settingsOf(photo);
  const answer = await client.ask(photo, { kind: "save", format, ...settings }, { priority: NORMAL });
  return { name: answer.name, blob: await client.fetchResult(photo), settings: JSON.stringify(settings) };
}

/**
 * Saves all photos in a ZIP file, without those that fail. `onChange(photo)` is called when the state
 * of one changes, `isCancelled()` before each; `keepOnServer(photo)` says whether the server keeps it.
 * Resolves to { saved: count, failed: photos, cancelled }.
 */
export async function saveAll(client, photos, format, { onChange, isCancelled, keepOnServer }) {
  const failed = [];
  const finished = new Map(); // settings by photo

  async function finish(photo) {
    photo.state = "working";
    onChange(photo);
    let file = null;
    try {
      file = await finishPhoto(client, photo, format);
      finished.set(photo, file.settings);
      photo.state = "done";
    } catch (error) {
      Object.assign(photo, { state: "failed", reason: error.message });
      failed.push(photo);
    }
    if (!keepOnServer(photo)) client.forget(photo);
    onChange(photo);
    return file;
  }

  async function* files() {
    const taken = new Set();
    for (const photo of photos) {
      if (isCancelled()) return;
      const file = await finish(photo);
      if (file) yield { name: freeName(plainName(file.name), taken), input: file.blob };
    }
    const hints = finished.size ? hintsBlob(photos) : null;
    if (hints) yield { name: freeName("hints.json", taken), input: hints };
  }

  for (const photo of photos) Object.assign(photo, { state: "waiting", reason: "" });
  onChange(photos[0]);
  const zip = await downloadZip(files()).blob();
  if (isCancelled()) {
    for (const photo of photos) if (photo.state === "waiting" && photo.thumb) photo.state = "done";
    onChange(photos[0]);
    return { saved: 0, failed, cancelled: true };
  }
  if (finished.size) {
    saveBlob(zip, ZIP_NAME);
    for (const [photo, settings] of finished) photo.saved = settings;
  }
  return { saved: finished.size, failed, cancelled: false };
}

/** The message about the result of `saveAll` with `count` photos. */
export function describeBatch({ saved, failed, cancelled }, count) {
  const reasons = failed.map(({ reason, name }) => (
    reason.startsWith(name) ? reason : `${name}: ${reason}`
  ));
  const summary = cancelled ? "Cancelled" : `${saved} of ${count} photos are saved`;
  return [summary, ...reasons].join(". ");
}
