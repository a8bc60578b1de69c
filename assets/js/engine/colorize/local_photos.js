// The visitor's photos in the page's own worker: with the interface of PhotoClient, and without a server.

import { HIGH, RequestQueue } from "../../colorize/request_queue.js";

const RESTARTED = ["thumb", "sizes"]; // stopped for what the visitor waits for, and done after it

export class LocalPhotos {
  #running = null; // { request, kind, name }
  #count = 0;

  /**
   * `call(method, args)` resolves to what ColorizeService.handle does. `maxMegabytes` limits files.
   * `onProgress(photo, fraction)` is never called: nothing is sent anywhere.
   */
  constructor(call, maxMegabytes, onProgress = () => {}) {
    Object.assign(this, { maxMegabytes, onProgress });
    this.call = async (method, args) => {
      const { value, error, ...facts } = await call(method, args);
      if (error) throw Object.assign(new Error(error), facts);
      return value;
    };
    this.requests = new RequestQueue((request) => this.#send(request), { giveUpMs: null });
  }

  /** Opens the photo unless it is open; sets its size and thumb. Resolves to its name in the worker. */
  async send(photo) {
    photo.sending ??= this.#open(photo).finally(() => { photo.sending = null; });
    if (!photo.remote) await photo.sending;
    return photo.remote;
  }

  /** Sends a request about a photo; null where a newer one replaced it. See RequestQueue.ask. */
  async ask(photo, payload, options = {}) {
    for (let attempt = 0; ;) {
      const remote = photo.remote ?? await this.send(photo);
      const name = options.name ?? null;
      if (options.priority === HIGH) this.#makeWay(name);
      try {
        return await this.requests.ask({ payload: { ...payload, photo: remote }, name }, options);
      } catch (error) {
        if (error.isCancelled && !RESTARTED.includes(payload.kind)) return null;
        if (!error.isCancelled) {
          if (!error.gone || attempt > 1) throw error;
          attempt += 1;
        }
        if (error.gone && photo.remote === remote) photo.remote = null;
      }
    }
  }

  /** The finished file of a photo as a Blob; it is forgotten with that. */
  fetchResult(photo) { return this.call("result", { photo: photo.remote }); }

  /** The { colors, thumb } of a file from which colours are taken. */
  async readReference(file) {
    this.#checkFile(file, file.name);
    return this.call("reference", { file, name: file.name });
  }

  /** Forgets the photo in the worker. */
  forget(photo) {
    if (photo.remote) this.call("forget", { photo: photo.remote }).catch(() => {});
    photo.remote = null;
  }

  async #open(photo) {
    const file = await photo.load();
    this.#checkFile(file, photo.name);
    const { photo: remote, width, height, thumb } = await this.call("open", { file, name: photo.name });
    Object.assign(photo, { remote, width, height, thumb: photo.thumb ?? thumb });
  }

  #checkFile({ size }, name) {
    if (size > this.maxMegabytes * 2 ** 20) throw new Error(`${name}: is larger than ${this.maxMegabytes} MB`);
    if (!size) throw new Error(`${name}: is empty (0 bytes)`);
  }

  async #send({ payload, name }) {
    this.#count += 1;
    const request = this.#count;
    this.#running = { request, kind: payload.kind, name };
    try {
      return await this.call("ask", { request, ...payload });
    } finally {
      if (this.#running?.request === request) this.#running = null;
    }
  }

  /**
   * Stops the work in progress where the visitor waits for something else: background work, and a sharp
   * picture that a newer one of the same name replaces. Quick pictures are made to their end, so that
   * they keep coming while a slider moves.
   */
  #makeWay(name) {
    const running = this.#running;
    if (!running) return;
    const isReplaced = running.kind === "preview" && name !== null && running.name === name;
    if (isReplaced || RESTARTED.includes(running.kind)) {
      this.call("cancel", { request: running.request }).catch(() => {});
    }
  }
}
