// Keeps the photos of a Colourise tab and their hints over a reload: the files in stored_files.js,
// their settings in sessionStorage, which is deleted with the window.

import { StoredFiles, newId } from "../core/stored_files.js";
import { colored, readHints } from "./hints.js";
import { settingsOf } from "./photo.js";

const DELAY_MS = 300; // after the last change

export class PhotoAutosave {
  #files = new StoredFiles();
  #ids = new WeakMap(); // of the files of photos
  #kept = new WeakSet(); // photos whose files are stored
  #timer = null;
  #isLoaded = false;

  /** `state()`: the open photos and the one on show, { photos, current }. */
  constructor(tabId, maxHints, state) {
    Object.assign(this, { key: `pix2pix-photos-${tabId}`, maxHints, state });
    window.addEventListener("pagehide", () => this.#write());
  }

  /** Stores the file of a photo. */
  async add(photo) {
    const id = newId();
    this.#ids.set(photo, id);
    if (await this.#files.keep(id, await photo.load())) this.#kept.add(photo);
  }

  /** Whether a reload would bring this photo back. */
  keeps(photo) { return photo.example || this.#kept.has(photo); }

  /** Removes the file of a photo. */
  close(photo) {
    const id = this.#ids.get(photo);
    if (id) this.#files.remove(id);
  }

  /** Stores the photos' settings soon: something changed. */
  note() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#write(), DELAY_MS);
  }

  #write() {
    if (!this.#isLoaded) return; // what was stored must be read first
    const { photos, current } = this.state();
    const describe = (photo) => ({
      ...settingsOf(photo), name: photo.name, file: this.#ids.get(photo) ?? null,
    });
    const example = current?.example && colored(current.history.value).length ? describe(current) : null;
    try {
      const text = JSON.stringify({
        photos: photos.map(describe), shown: photos.indexOf(current), example,
      });
      if (photos.length || example) sessionStorage.setItem(this.key, text);
      else sessionStorage.removeItem(this.key);
    } catch {
      // storage is blocked, or there are too many hints
    }
  }

  /**
   * Resolves to what was open before the reload, { entries, shown, example, missing }. An entry is
   * { name, settings, hints, id, load }; `shown` is the one that was on show, or null; `example` the
   * name, settings and hints of an example that had some; `missing` counts photos that were not kept.
   */
  async load() {
    const none = { entries: [], shown: null, example: null, missing: 0 };
    try {
      const { photos = [], shown, example } = JSON.parse(sessionStorage.getItem(this.key)) ?? {};
      const files = await this.#files.claim(photos.map(({ file }) => file));
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
      this.#isLoaded = true;
    }
  }

  #entry({ name, hints, ...settings }) {
    return { name: String(name), settings, hints: readHints(JSON.stringify(hints), this.maxHints)[""] };
  }

  /** `photo` was made from an entry that `load` returned. */
  adopt(photo, { id }) {
    this.#ids.set(photo, id);
    this.#kept.add(photo);
  }
}
