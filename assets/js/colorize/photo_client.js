// The visitor's photos on the server: uploaded when needed, and again where the server dropped them.

import { urlOf } from "../core/base_url.js";
import { readError, readJson } from "../core/responses.js";
import { postWithProgress } from "../core/upload.js";

const BUSY = 503;
const RETRY_MS = 1500;
const MAX_RETRIES = 20;

/** A secret that only this page and the server know; it is sent in a header, never in a URL. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class PhotoClient {
  /**
   * Photos are objects with a `name` and `load()`, which resolves to their file. `onProgress(photo,
   * fraction)` follows an upload that lasts; null at its end.
   */
  constructor(url, maxMegabytes, requests, onProgress) {
    this.url = urlOf(url);
    this.key = newKey();
    this.maxMegabytes = maxMegabytes;
    this.requests = requests;
    this.onProgress = onProgress;
    window.addEventListener("pagehide", () => {
      this.#fetch("", "DELETE", { keepalive: true }).catch(() => {});
    });
  }

  /** Uploads the photo unless the server has it; sets its size and thumb. Resolves to its remote name. */
  async send(photo) {
    photo.sending ??= this.#upload(photo).finally(() => { photo.sending = null; });
    if (!photo.remote) await photo.sending;
    return photo.remote;
  }

  /** Sends a request about a photo; null where a newer one replaced it. See RequestQueue.ask. */
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

  /** The finished file of a photo as a Blob; the server then forgets it. */
  async fetchResult(photo) {
    const response = await this.#fetch(`/${photo.remote}/result`, "GET");
    if (!response.ok) throw new Error(await readError(response));
    return response.blob();
  }

  /** Deletes the photo on the server. */
  forget(photo) {
    if (photo.remote) this.#fetch(`/${photo.remote}`, "DELETE").catch(() => {});
    photo.remote = null;
  }

  async #upload(photo) {
    const file = await photo.load();
    if (file.size > this.maxMegabytes * 2 ** 20) {
      throw new Error(`${photo.name}: is larger than ${this.maxMegabytes} MB`);
    }
    for (let attempt = 0; ; attempt += 1) {
      const response = await this.#post(photo, file);
      if (response.ok) {
        const { photo: remote, error, width, height, thumb } = await readJson(response);
        if (error) throw new Error(error);
        return Object.assign(photo, { remote, width, height, thumb: photo.thumb ?? thumb });
      }
      if (response.status !== BUSY || attempt > MAX_RETRIES) {
        throw new Error(`${photo.name}: ${await readError(response)}`);
      }
      await new Promise((resolve) => { setTimeout(resolve, RETRY_MS); });
    }
  }

  async #post(photo, file) {
    const headers = { "x-studio-key": this.key, "x-photo-name": encodeURIComponent(photo.name) };
    const onProgress = (fraction) => this.onProgress(photo, fraction);
    try {
      return await postWithProgress(this.url, { body: file, headers }, onProgress);
    } catch {
      throw Object.assign(new Error(`${photo.name}: could not be sent`), { isTransient: true });
    }
  }

  #fetch(path, method, options = {}) {
    const headers = { "x-studio-key": this.key };
    return fetch(`${this.url}${path}`, { method, cache: "no-store", headers, ...options });
  }
}
