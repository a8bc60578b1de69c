// Keeps the photos of a Colourise tab, their hints and strokes over a reload: the files in stored_files.js,
// their settings in sessionStorage, which is deleted with the window.

import { StoredFiles, newId } from "../core/stored_files.js";
import { readHints } from "./hints.js";
import { hasWork, settingsOf } from "./photo.js";
import { readStrokes } from "./strokes.js";

const DELAY_MS = 300; // after the last change

export class PhotoAutosave {
  #files = new StoredFiles();
  #ids = new WeakMap(); // of the files of photos
  #kept = new WeakSet(); // photos whose files are stored
  #timer = null;
  #isLoaded = false;

  /** `props` of the tab; `state()`: the open photos and the one on show, { photos, current }. */
  constructor(props, state) {
    Object.assign(this, { key: `pix2pix-photos-${props.tab}`, props, state });
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
      ...settingsOf(photo), reference: photo.reference, strokes: photo.strokes.value, name: photo.name, file: this.#ids.get(photo) ?? null,
    });
    const example = current?.example && hasWork(current) ? describe(current) : null;
    try {
      const text = JSON.stringify({
        photos: photos.map(describe), shown: photos.indexOf(current), example,
      });
      if (photos.length || example) sessionStorage.setItem(this.key, text);
      else sessionStorage.removeItem(this.key);
    } catch {
      // storage is blocked, or there are too many hints or strokes
    }
  }

  /**
   * Resolves to what was open before the reload, { entries, shown, example, missing }. An entry is
   * { name, settings, hints, strokes, id, load }; `shown` is the one that was on show, or null; `example` the
   * name, settings, hints and strokes of an example that had some; `missing` counts photos that were not kept.
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

  #entry({ name, hints, strokes, ...settings }) {
    return {
      name: String(name), settings, hints: readHints(JSON.stringify(hints), this.props.max_hints)[""],
      strokes: this.#strokes(strokes),
    };
  }

  /** Strokes from storage; none where they are not valid. */
  #strokes(stored) {
    try {
      return readStrokes(stored, this.props.max_strokes, this.props.max_stroke_points);
    } catch {
      return [];
    }
  }

  /** `photo` was made from an entry that `load` returned. */
  adopt(photo, { id }) {
    this.#ids.set(photo, id);
    this.#kept.add(photo);
  }
}
