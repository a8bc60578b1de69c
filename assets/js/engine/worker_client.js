// The page's end of the worker in which the models run.

export class WorkerClient {
  #waiting = new Map(); // { resolve, reject } by the number of the call
  #count = 0;
  #onProgress = new Set();

  constructor(url) {
    this.worker = new Worker(url, { type: "module" });
    this.worker.onmessage = ({ data }) => this.#receive(data);
    this.worker.onerror = (event) => {
      event.preventDefault?.();
      this.#fail(event.message || "the engine could not be loaded");
    };
  }

  /** Calls a method of worker.js; resolves to its value, rejects with its error. */
  call(method, args = {}, transfer = []) {
    this.#count += 1;
    const id = this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, method, args }, transfer);
    });
  }

  /** `listener({ name, fraction })` is told how far a model's download is; fraction is null at its end. */
  onProgress(listener) { this.#onProgress.add(listener); }

  #receive({ id, value, error, facts, progress }) {
    if (progress) {
      for (const listener of this.#onProgress) listener(progress);
      return;
    }
    const { resolve, reject } = this.#waiting.get(id) ?? {};
    this.#waiting.delete(id);
    if (error === undefined) resolve?.(value);
    else reject?.(Object.assign(new Error(error), facts));
  }

  #fail(message) {
    for (const { reject } of this.#waiting.values()) reject(new Error(message));
    this.#waiting.clear();
  }
}
