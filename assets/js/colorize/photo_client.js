// The visitor's photos on the server: uploaded when needed, and again where the server dropped them.

import { jsonOf, postFile, postJson } from "../core/api.js";
import { urlOf } from "../core/base_url.js";
import { readError } from "../core/responses.js";
import { RequestQueue } from "./request_queue.js";

const BUSY = [503, 429]; // the server, or this network's share of it
const RETRY_MS = 1500;
const MAX_RETRIES = 20;

/** A secret that only this page and the server know; it is sent in a header, never in a URL. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class PhotoClient {
  #isPresent = false;

  /**
   * `api`: the address of the tab's routes. Photos are objects with a `name` and `load()`, which
   * resolves to their file. `onProgress(photo, fraction)` follows an upload that lasts; null at its end.
   */
  constructor(api, maxMegabytes, onProgress) {
    this.api = api;
    this.headers = { "x-studio-key": newKey() };
    this.maxMegabytes = maxMegabytes;
    this.requests = new RequestQueue(async (payload) => (
      jsonOf(await postJson(`${api}/colorize`, payload, this.headers))
    ));
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
        return await this.requests.ask({ ...payload, photo: remote }, options);
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

  /** The { colors, thumb } of a file from which colours are taken; the server does not keep it. */
  async readReference(file) {
    const options = { maxMegabytes: this.maxMegabytes, headers: this.headers, name: file.name };
    return jsonOf(await postFile(`${this.api}/reference`, file, options));
  }

  /** Deletes the photo on the server. */
  forget(photo) {
    if (photo.remote) this.#fetch(`/${photo.remote}`, "DELETE").catch(() => {});
    photo.remote = null;
  }

  async #upload(photo) {
    const file = await photo.load();
    const options = {
      maxMegabytes: this.maxMegabytes,
      headers: this.headers,
      name: photo.name, // not the file's: two files may have one name
      onProgress: (fraction) => this.onProgress(photo, fraction),
    };
    for (let attempt = 0; ; attempt += 1) {
      try {
        const response = await postFile(`${this.api}/photos`, file, options);
        const { photo: remote, width, height, thumb } = await jsonOf(response);
        this.#stay();
        return Object.assign(photo, { remote, width, height, thumb: photo.thumb ?? thumb });
      } catch (error) {
        if (!BUSY.includes(error.status) || attempt > MAX_RETRIES) throw error;
      }
      await new Promise((resolve) => { setTimeout(resolve, RETRY_MS); });
    }
  }

  /** Leaves a request open: when it ends with the page, the server forgets the visitor's photos. */
  async #stay() {
    if (this.#isPresent) return;
    this.#isPresent = true;
    try {
      const reader = (await this.#fetch("", "GET")).body.getReader();
      for (let done = false; !done;) ({ done } = await reader.read());
    } catch {
      // out of reach; the next upload opens it again
    }
    this.#isPresent = false;
  }

  #fetch(path, method, options = {}) {
    const url = urlOf(`${this.api}/photos${path}`);
    return fetch(url, { method, cache: "no-store", headers: this.headers, ...options });
  }
}
