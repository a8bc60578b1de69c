// Keeps the files of open photos over a reload: in IndexedDB, until they are closed, for a day at most.

import { thisWindow } from "./page_lifecycle.js";

const DATABASE = "pix2pix-photos";
const MAX_BYTES = 200 * 2 ** 20; // in all windows together
const KEEP_MS = 24 * 3600 * 1000;

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * `facts` has { id, owners, bytes, at } of each photo and `files` has { id, file }, so that the space in
 * use is known without reading files. Owners are windows: a duplicated window has the same photos.
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

function deleteFrom({ facts, files }, id) {
  facts.delete(id);
  files.delete(id);
}

/** Every method resolves, also where the browser stores nothing. */
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

  /** Resolves to whether the file is kept. The oldest files of other windows make room for it. */
  keep(id, file) {
    const own = this.#window.id;
    return this.#try("readwrite", async (stores) => {
      const all = (await done(stores.facts.getAll())).sort((a, b) => a.at - b.at);
      let free = MAX_BYTES - file.size - all.reduce((sum, { bytes }) => sum + bytes, 0);
      for (const { id: old, bytes } of all.filter(({ owners }) => !owners.includes(own))) {
        if (free >= 0) break;
        deleteFrom(stores, old);
        free += bytes;
      }
      if (free < 0) return false;
      stores.facts.put({ id, owners: [own], bytes: file.size, at: Date.now() });
      await done(stores.files.put({ id, file }));
      return true;
    }, false);
  }

  /** Removes a file, unless another window has it too. */
  remove(id) {
    return this.#try("readwrite", async (stores) => {
      const fact = await done(stores.facts.get(id));
      const owners = fact?.owners.filter((owner) => owner !== this.#window.id) ?? [];
      if (owners.length) stores.facts.put({ ...fact, owners });
      else deleteFrom(stores, id);
    });
  }

  /** Resolves to the files with these ids, by id; this window owns them now. Deletes old ones. */
  claim(ids) {
    return this.#try("readwrite", async (stores) => {
      const oldest = Date.now() - KEEP_MS;
      const found = new Map();
      for (const fact of await done(stores.facts.getAll())) {
        if (fact.at < oldest) deleteFrom(stores, fact.id);
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

/** The one file of a tab that takes one photo at a time. */
export class StoredFile {
  #files = new StoredFiles();

  constructor(tabId) { this.key = `pix2pix-photo-${tabId}`; }

  #id(id) {
    try {
      if (id !== undefined) sessionStorage.setItem(this.key, id);
      return sessionStorage.getItem(this.key);
    } catch {
      return null; // storage is blocked
    }
  }

  /** Replaces the file; undefined: none. */
  keep(file) {
    const before = this.#id();
    if (before) this.#files.remove(before);
    const id = this.#id(file ? newId() : "");
    if (id) this.#files.keep(id, file);
  }

  /** Resolves to the file that was open before a reload, or undefined. */
  async load() {
    const id = this.#id();
    return id ? (await this.#files.claim([id])).get(id) : undefined;
  }
}
