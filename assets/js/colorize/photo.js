// The photos of a Colourise tab: plain objects with their settings, hints and state.

import { urlOf } from "../core/base_url.js";
import { readError } from "../core/responses.js";
import { colored } from "./hints.js";
import { ValueHistory } from "./value_history.js";

const DEFAULTS = {
  strength: 1, scratches: false, repair: false, denoise: false, negative: false, crop: false, strip: false,
};
const SETTINGS = ["strength", "size", "reference", ...Object.keys(DEFAULTS).slice(1)];

/**
 * A photo: `load()` resolves to its file; `settings` may lack any, `size` being the working size then;
 * `state` is waiting, working, done or failed, for a `reason`; `remote` is its name on the server;
 * `notes` say what was done to it; `message` is shown with them; `changed` is a picture of where it was
 * repaired, or null.
 */
export function createPhoto(name, load, size, { settings = {}, hints = [], strokes = [] } = {}) {
  const valid = Object.entries({ ...DEFAULTS, size }).map(([key, value]) => (
    [key, typeof settings?.[key] === typeof value ? settings[key] : value]
  ));
  return {
    name, load, ...Object.fromEntries(valid), reference: readStoredReference(settings?.reference), notes: [], message: "", remote: null, thumb: null,
    state: "waiting", reason: "", history: new ValueHistory(hints), selected: -1,
    strokes: new ValueHistory(strokes), changed: null,
  };
}

/** The reference { colors, strength, name, thumb } in a value from storage; null where it is none. */
function readStoredReference(value) {
  const { colors, strength, name, thumb } = value ?? {};
  const areTexts = [colors, name, thumb].every((text) => typeof text === "string");
  return areTexts && strength >= 0 && strength <= 1 ? { colors, strength, name, thumb } : null;
}

/** The settings that "Apply to all" copies: all but hints and strokes. */
export function sharedSettings(photo) {
  return Object.fromEntries(SETTINGS.map((key) => [key, photo[key]]));
}

/** Gives a photo's shared settings to `photos`. Returns those that had others. */
export function shareSettings(photo, photos) {
  const settings = sharedSettings(photo);
  const changed = photos.filter((other) => Object.keys(settings).some((key) => other[key] !== settings[key]));
  for (const other of changed) Object.assign(other, settings);
  return changed;
}

/** All settings of a photo, as the server reads them. */
export function settingsOf(photo) {
  const strokes = photo.scratches ? photo.strokes.value : [];
  const { colors, strength } = photo.reference ?? {};
  const reference = photo.reference && { colors, strength };
  return { ...sharedSettings(photo), reference, hints: colored(photo.history.value), strokes };
}

/** Whether a photo has hints or strokes. */
export function hasWork(photo) {
  return colored(photo.history.value).length > 0 || photo.strokes.value.length > 0;
}

/** Whether leaving the page would lose something: the photo, or hints and strokes on an example. */
export function isUnsaved(photo) {
  if (!hasWork(photo) && (photo.example || photo.state === "failed")) return false;
  return photo.saved !== JSON.stringify(settingsOf(photo)); // those of the last saved file
}

/** The file of an example, { url, file: its name }. */
export async function fetchExample({ url, file }) {
  const response = await fetch(urlOf(url));
  if (!response.ok) throw new Error(`${file}: ${await readError(response)}`);
  return new File([await response.blob()], file, { type: "image/jpeg" });
}
