// The last pictures of a visit: drawing, look and seed of each. No DOM: runs under Node too.

export const MAX_PICTURES = 24;

const isText = (value) => typeof value === "string";

/** What tells one picture from another. */
const keyOf = ({ ids, width, seed, style, parts }) => JSON.stringify([
  ids, width, style ? style.values : seed, parts ? [parts.ids, parts.looks] : null,
]);

/** Whether an entry, which comes from storage, is one. */
function isEntry(entry) {
  const { ids, width, height, seed, style, parts, thumbnail } = entry ?? {};
  const isOfParts = !parts || (isText(parts.ids) && Array.isArray(parts.looks));
  return isOfParts && isText(ids) && [width, height, seed].every(Number.isInteger) && isText(thumbnail)
    && thumbnail.startsWith("data:image/")
    && (style === null || (isText(style?.name) && Array.isArray(style.values) && style.values.every(Number.isFinite)));
}

export class PictureHistory {
  /**
   * `storage` keeps the entries over a reload under `key`, as sessionStorage does. An entry is { ids: packed,
   * width, height, seed, style: { name, values, photo } or null, parts: { ids: packed, looks } or undefined,
   * thumbnail: a data URL }.
   */
  constructor(storage, key) {
    Object.assign(this, { storage, key });
    this.entries = this.#load(); // the newest first
    this.current = null; // the entry of the picture on screen
  }

  /** The entry of a picture; undefined where it has none. */
  find(picture) {
    const key = keyOf(picture);
    return this.entries.find((entry) => keyOf(entry) === key);
  }

  /** Adds the picture on screen; one that is there already keeps its place. */
  add(entry) {
    this.current = this.find(entry);
    if (this.current) return;
    this.current = entry;
    this.entries = [entry, ...this.entries].slice(0, MAX_PICTURES);
    this.#store();
  }

  #load() {
    try {
      const entries = JSON.parse(this.storage.getItem(this.key)) ?? [];
      return entries.filter(isEntry).slice(0, MAX_PICTURES);
    } catch {
      return []; // storage is blocked, or the text is not ours
    }
  }

  #store() {
    try {
      this.storage.setItem(this.key, JSON.stringify(this.entries));
    } catch {
      // no space: the pictures last as long as the page
    }
  }
}
