// Keeps the photos of a Colourise tab and their hints over a reload: the files in stored_files.js,
// their settings in sessionStorage, which is deleted with the window.

import { settingsOf } from "./batch.js";
import { colored, readHints } from "./hints.js";
import { StoredFiles, newId } from "../core/stored_files.js";
import { TAB_ID } from "../draw/studio.js";

const STATE = `pix2pix-photos-${TAB_ID}`;
const DELAY_MS = 300;

/** Whether something of a photo would be lost with the page: it, or hints on an example. */
export function isUnsaved(photo) {
  const hinted = colored(photo.history.value).length > 0;
  if (!hinted && (photo.example || photo.state === "failed")) return false;
  return photo.saved !== JSON.stringify(settingsOf(photo)); // that of its last saved file
}

export class PhotoAutosave {
  #files = new StoredFiles();
  #ids = new WeakMap(); // of the files of photos
  #kept = new WeakSet(); // photos whose files are there
  #timer = null;
  #recalled = false;

  /** `state()`: { photos, current } as they are open now. */
  constructor(maxHints, state) {
    Object.assign(this, { maxHints, state });
    window.addEventListener("pagehide", () => this.#write());
  }

  async add(photo) {
    const id = newId();
    this.#ids.set(photo, id);
    if (await this.#files.keep(id, await photo.load())) this.#kept.add(photo);
  }

  /** Whether the browser has what a reload would need of this photo. */
  keeps(photo) { return photo.example || this.#kept.has(photo); }

  close(photo) {
    const id = this.#ids.get(photo);
    if (id) this.#files.drop(id);
  }

  /** Something was done to a photo. */
  note() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#write(), DELAY_MS);
  }

  #write() {
    if (!this.#recalled) return; // what was open before must be read first
    const { photos, current } = this.state();
    const describe = (photo) => ({
      ...settingsOf(photo), name: photo.name, file: this.#ids.get(photo) ?? null,
    });
    const example = current?.example && colored(current.history.value).length ? describe(current) : null;
    try {
      const text = JSON.stringify({
        photos: photos.map(describe), shown: photos.indexOf(current), example,
      });
      if (photos.length || example) sessionStorage.setItem(STATE, text);
      else sessionStorage.removeItem(STATE);
    } catch {
      // nothing is kept for this page, or there are too many hints
    }
  }

  /**
   * What was open before the page was loaded again: { entries, shown, example, missing }. An entry is
   * { name, settings, hints, id, load }; `shown` is the one that was on show, or null; `example` the
   * name, settings and hints of an example that had some; `missing` counts photos that were not kept.
   */
  async load() {
    const none = { entries: [], shown: null, example: null, missing: 0 };
    try {
      const { photos = [], shown, example } = JSON.parse(sessionStorage.getItem(STATE)) ?? {};
      const files = await this.#files.take(photos.map(({ file }) => file));
      const entries = photos.map((photo) => {
        const file = files.get(photo.file);
        return file && { ...this.#entry(photo), id: photo.file, load: async () => file };
      });
      const found = entries.filter(Boolean);
      return {
        entries: found, shown: entries[shown] ?? null, missing: photos.length - found.length,
        example: example && this.#entry(example),
      };
    } catch {
      return none;
    } finally {
      this.#recalled = true;
    }
  }

  #entry({ name, hints, ...settings }) {
    return { name: String(name), settings, hints: readHints(JSON.stringify(hints), this.maxHints)[""] };
  }

  /** `photo` is what was made of a recalled entry. */
  adopt(photo, { id }) {
    this.#ids.set(photo, id);
    this.#kept.add(photo);
  }
}
