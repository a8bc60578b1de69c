// The visitor's photos on the server: sent when they are needed, and again where they were dropped.

import { readJson, readError } from "../core/responses.js";
import { urlOf } from "../core/base_url.js";
import { postWithProgress } from "../core/upload.js";

const BUSY = 503;
const RETRY_MS = 1500;
const RETRIES = 20;

/** Known to this page and the server only; it never stands in an address. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class PhotoClient {
  /**
   * Its photos are objects with a `name` and `load()`, a promise of their file. `onProgress(photo,
   * part)` follows one that takes a while to be sent; null: it is there, or was not to be sent.
   */
  constructor(url, maxMegabytes, requests, onProgress) {
    this.url = urlOf(url);
    this.key = newKey();
    this.maxMegabytes = maxMegabytes;
    this.requests = requests;
    this.onProgress = onProgress;
    window.addEventListener("pagehide", () => {
      this.#call("", "DELETE", { keepalive: true }).catch(() => {});
    });
  }

  /** Sends the photo unless it is there; it then has its name, size and thumb. */
  async send(photo) {
    photo.sending ??= this.#send(photo).finally(() => { photo.sending = null; });
    if (!photo.remote) await photo.sending;
    return photo.remote;
  }

  /** Asks for something about a photo; null where a newer request has taken its place. */
  async ask(photo, payload, options) {
    for (let attempt = 0; ; attempt += 1) {
      const remote = photo.remote ?? await this.send(photo);
      try {
        return await this.requests.ask({ ...payload, key: this.key, photo: remote }, options);
      } catch (error) {
        if (!error.gone || attempt > 1) throw error;
        if (photo.remote === remote) photo.remote = null;
      }
    }
  }

  /** The finished file of a photo, which the server then forgets. */
  async fetchResult(photo) {
    const answer = await this.#call(`/${photo.remote}/result`, "GET");
    if (!answer.ok) throw new Error(await readError(answer));
    return answer.blob();
  }

  forget(photo) {
    if (photo.remote) this.#call(`/${photo.remote}`, "DELETE").catch(() => {});
    photo.remote = null;
  }

  async #send(photo) {
    const file = await photo.load();
    if (file.size > this.maxMegabytes * 2 ** 20) {
      throw new Error(`${photo.name}: is larger than ${this.maxMegabytes} MB`);
    }
    const headers = { "x-photo-name": encodeURIComponent(photo.name) };
    for (let attempt = 0; ; attempt += 1) {
      let answer;
      try {
        const own = { "x-studio-key": this.key, ...headers };
        const follow = (part) => this.onProgress(photo, part);
        answer = await postWithProgress(this.url, { body: file, headers: own }, follow);
      } catch {
        throw Object.assign(new Error(`${photo.name}: could not be sent`), { isTransient: true });
      }
      if (answer.ok) {
        const { photo: remote, error, width, height, thumb } = await readJson(answer);
        if (error) throw new Error(error);
        return Object.assign(photo, { remote, width, height, thumb: photo.thumb ?? thumb });
      }
      if (answer.status !== BUSY || attempt > RETRIES) {
        throw new Error(`${photo.name}: ${await readError(answer)}`);
      }
      await new Promise((resolve) => { setTimeout(resolve, RETRY_MS); });
    }
  }

  #call(path, method, options = {}) {
    const headers = { "x-studio-key": this.key };
    return fetch(`${this.url}${path}`, { method, cache: "no-store", headers, ...options });
  }
}
