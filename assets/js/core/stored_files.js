// The files of photos that are open, kept over a reload: in this browser only, in IndexedDB, until
// they are closed, or for a day.

import { thisWindow } from "./page_lifecycle.js";

const DATABASE = "pix2pix-photos";
const MAX_BYTES = 200 * 2 ** 20; // of all windows together
const KEEP_MS = 24 * 3600 * 1000;

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * Of each photo `facts` holds { id, owners, bytes, at } and `files` { id, file }: the room that is
 * taken is known without reading files. Owners are windows: a duplicated one has the same photos.
 */
async function openDatabase() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    for (const name of ["facts", "files"]) request.result.createObjectStore(name, { keyPath: "id" });
  };
  const database = await done(request);
  return (mode) => {
    const transaction = database.transaction(["facts", "files"], mode);
    const [facts, files] = ["facts", "files"].map((name) => transaction.objectStore(name));
    return { facts, files };
  };
}

function remove({ facts, files }, id) {
  facts.delete(id);
  files.delete(id);
}

/** The files of photos, in the browser. Every method resolves, whether or not it can keep any. */
export class StoredFiles {
  #database = null;
  #window = thisWindow();

  async #try(mode, act, failed) {
    try {
      this.#database ??= openDatabase();
      return await act((await this.#database)(mode));
    } catch {
      return failed; // a private window, a full disk
    }
  }

  /** Whether it is kept: the oldest of other windows make room, but there may not be enough. */
  keep(id, file) {
    const own = this.#window.id;
    return this.#try("readwrite", async (stores) => {
      const all = (await done(stores.facts.getAll())).sort((a, b) => a.at - b.at);
      let room = MAX_BYTES - file.size - all.reduce((sum, { bytes }) => sum + bytes, 0);
      for (const { id: old, bytes } of all.filter(({ owners }) => !owners.includes(own))) {
        if (room >= 0) break;
        remove(stores, old);
        room += bytes;
      }
      if (room < 0) return false;
      stores.facts.put({ id, owners: [own], bytes: file.size, at: Date.now() });
      await done(stores.files.put({ id, file }));
      return true;
    }, false);
  }

  drop(id) {
    return this.#try("readwrite", async (stores) => {
      const fact = await done(stores.facts.get(id));
      const owners = fact?.owners.filter((owner) => owner !== this.#window.id) ?? [];
      if (owners.length) stores.facts.put({ ...fact, owners });
      else remove(stores, id);
    });
  }

  /** The files with these ids by id, which are this window's from now on; what is too old goes. */
  take(ids) {
    return this.#try("readwrite", async (stores) => {
      const oldest = Date.now() - KEEP_MS;
      const found = new Map();
      for (const fact of await done(stores.facts.getAll())) {
        if (fact.at < oldest) remove(stores, fact.id);
        else if (ids.includes(fact.id)) {
          found.set(fact.id, (await done(stores.files.get(fact.id)))?.file);
          const owners = [...new Set([...fact.owners, this.#window.id])];
          stores.facts.put({ ...fact, owners, at: Date.now() });
        }
      }
      return found;
    }, new Map());
  }
}

export function newId() { return [...crypto.getRandomValues(new Uint32Array(4))].join("-"); }

/** The one file of a tab that takes one photo at a time. `name` is the tab's. */
export class StoredFile {
  #files = new StoredFiles();

  constructor(name) { this.key = `pix2pix-photo-${name}`; }

  #id(id) {
    try {
      if (id !== undefined) sessionStorage.setItem(this.key, id);
      return sessionStorage.getItem(this.key);
    } catch {
      return null; // the browser keeps nothing for this page
    }
  }

  /** Without a file, none is kept any more. */
  keep(file) {
    const before = this.#id();
    if (before) this.#files.drop(before);
    const id = this.#id(file ? newId() : "");
    if (id) this.#files.keep(id, file);
  }

  /** The file that was open before a reload, or undefined. */
  async load() {
    const id = this.#id();
    return id ? (await this.#files.take([id])).get(id) : undefined;
  }
}
