// Downloads models and the runtime, and makes sessions of onnxruntime-web, each once.

/** Sessions use so many threads at most: more gain little, and the page needs one. */
const MAX_THREADS = 4;

export class ModelStore {
  #sessions = new Map(); // promises, by file
  #ort = null;

  /** `onProgress({ name, fraction })` follows downloads; fraction is null at the end. */
  constructor(onProgress) { this.onProgress = onProgress; }

  /** `runtime` and `models`: URLs of folders. */
  start({ runtime, models }) { Object.assign(this, { runtime, models }); }

  /**
   * A function that runs a part of a model, "generator" or "style": `run(feeds)` takes and returns tensors
   * { data: Float32Array, dims } by name.
   */
  async open(model, part = "generator") {
    const { file, bytes } = model.files[part];
    if (!this.#sessions.has(file)) {
      const made = this.#makeSession(model.name, file, bytes);
      made.catch(() => this.#sessions.delete(file)); // the next call tries again
      this.#sessions.set(file, made);
    }
    const { ort, session } = await this.#sessions.get(file);
    return async (feeds) => {
      const tensors = Object.entries(feeds).map(([name, { data, dims }]) => [name, new ort.Tensor("float32", data, dims)]);
      const { output } = await session.run(Object.fromEntries(tensors));
      const { data, dims } = output;
      return { output: { data, dims } };
    };
  }

  /** The bytes of another file in the folder of models. */
  fetchBytes(file) { return this.#download(`${this.models}${file}`, file, 0); }

  async #makeSession(name, file, bytes) {
    this.#ort ??= this.#loadRuntime();
    this.#ort.catch(() => { this.#ort = null; });
    const [ort, graph] = await Promise.all([this.#ort, this.#download(`${this.models}${file}`, name, bytes)]);
    const options = { executionProviders: ["wasm"], graphOptimizationLevel: "all" };
    return { ort, session: await ort.InferenceSession.create(graph, options) };
  }

  async #loadRuntime() {
    const isOwn = new URL(this.runtime).origin === self.location.origin;
    const ort = await import(`${this.runtime}ort.wasm.min.mjs`);
    const { wasm } = ort.env;
    wasm.wasmPaths = this.runtime;
    wasm.numThreads = self.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency || 1, MAX_THREADS) : 1;
    wasm.proxy = false;
    if (isOwn) {
      wasm.wasmBinary = await this.#download(`${this.runtime}ort-wasm-simd-threaded.wasm.gz`, "the engine", 0);
    }
    return ort;
  }

  /** The bytes of a gzip file, unpacked unless the server has done so. `size`: of the packed file, or 0. */
  async #download(url, name, size) {
    const response = await fetch(url).catch(() => null);
    if (!response?.ok) {
      const reason = response ? `the server answered ${response.status}` : "there is no connection";
      throw Object.assign(new Error(`${name} could not be loaded: ${reason}`), { isTransient: true });
    }
    const parts = [];
    let received = 0;
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      parts.push(part.value);
      received += part.value.length;
      if (size) this.onProgress({ name, fraction: Math.min(received / size, 1) });
    }
    this.onProgress({ name, fraction: null });
    const packed = new Blob(parts);
    const [first, second] = new Uint8Array(await packed.slice(0, 2).arrayBuffer());
    if (first !== 0x1f || second !== 0x8b) return new Uint8Array(await packed.arrayBuffer());
    const plain = packed.stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(plain).arrayBuffer());
  }
}
