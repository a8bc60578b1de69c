// The page's end of the worker in which the models run. A worker that stops is replaced at the next call.

export class WorkerClient {
  #worker = null;
  #waiting = new Map(); // { resolve, reject } by the number of the call
  #preparations = []; // { method, args }: calls that each new worker gets first
  #count = 0;
  #name = ""; // of the worker; model_store.js reads it
  #onProgress = new Set();

  constructor(url) { this.url = url; }

  /** Calls a method of worker.js; resolves to its value, rejects with its error. */
  call(method, args = {}, transfer = []) {
    return new Promise((resolve, reject) => {
      this.#worker ??= this.#start(); // the promise is rejected where a frame may have no worker
      this.#post({ method, args, resolve, reject }, transfer);
    });
  }

  /** Calls a method of this worker and of each that replaces it; failures show in later calls. */
  prepare(method, args) {
    this.#preparations.push({ method, args });
    if (this.#worker) {
      this.#post({ method, args });
      return;
    }
    try {
      this.#worker = this.#start();
    } catch {
      // the next call says why
    }
  }

  /**
   * `listener({ name, fraction, problem })` is told how far a download is; fraction is null at its end,
   * `problem` says what failed.
   */
  onProgress(listener) { this.#onProgress.add(listener); }

  #start() {
    const worker = newWorker(this.url, this.#name);
    worker.onmessage = ({ data }) => { if (worker === this.#worker) this.#receive(data); };
    worker.onerror = (event) => {
      event.preventDefault?.();
      const reason = event.message || "it could not be loaded";
      if (worker === this.#worker) this.#stop(`The engine that makes pictures stopped: ${reason}`);
    };
    this.#worker = worker;
    for (const preparation of this.#preparations) this.#post(preparation);
    return worker;
  }

  #post({ method, args, resolve, reject }, transfer = []) {
    this.#count += 1;
    this.#worker.postMessage({ id: this.#count, method, args }, transfer);
    if (resolve) this.#waiting.set(this.#count, { resolve, reject });
  }

  #receive({ id, value, error, facts, progress }) {
    if (progress) {
      this.#notify(progress);
      return;
    }
    const { resolve, reject } = this.#waiting.get(id) ?? {};
    this.#waiting.delete(id);
    if (error === undefined) resolve?.(value);
    else reject?.(Object.assign(new Error(error), facts));
    if (!facts?.needsRestart) return;
    if (!facts.isTransient) this.#name = "careful"; // not where the network failed
    this.#stop("The engine that makes pictures was started again");
  }

  /** Rejects all calls; what the worker kept, such as open photos, is gone. */
  #stop(message) {
    this.#worker.terminate();
    this.#worker = null;
    const calls = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#notify({ name: null, fraction: null }); // its downloads ended with it
    for (const { reject } of calls) reject(Object.assign(new Error(message), { isTransient: true, gone: true }));
  }

  #notify(progress) { for (const listener of this.#onProgress) listener(progress); }
}

function newWorker(url, name) {
  try {
    return new Worker(url, { type: "module", name });
  } catch (error) {
    throw new Error(`The browser does not let this page make pictures: ${error.message}`);
  }
}
