// Downloads models and the runtime, and makes sessions of onnxruntime-web, each once.

import { unsupported } from "./browser_support.js";
import { unpackGzip } from "./gzip.js";
import { ModelRunner } from "./model_runner.js";
import { allowSmallerMemory } from "./wasm_memory.js";
import { WebGpu } from "./webgpu.js";

/** Sessions use so many threads at most: more gain little, and the page needs one. */
const MAX_THREADS = 4;
/** The name of a worker whose predecessor failed: it uses one thread, which needs less memory. */
const CAREFUL = "careful";
const ENGINE = "the engine that makes pictures";
const NO_MEMORY = "There is too little memory for the model: please close other tabs and try again";

export class ModelStore {
  #sessions = new Map(); // promises, by file
  #ort = null;
  #damaged = new Set(); // URLs whose kept copies must not be used

  /**
   * `onProgress({ name, fraction, problem })` follows downloads; fraction is null at the end, `problem`
   * says what failed.
   */
  constructor(onProgress) { this.onProgress = onProgress; }

  /** `runtime` and `models`: URLs of folders. `webgpu`: as the mode of WebGpu. */
  start({ runtime, models, webgpu }) {
    Object.assign(this, { runtime, models });
    allowSmallerMemory();
    const load = () => this.#importRuntime("ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm", () => {});
    this.gpu = new WebGpu(load, webgpu);
  }

  /**
   * A function that runs a part of a model, "generator" or "style": `run(feeds)` takes and returns tensors
   * { data: Float32Array, dims } by name. Errors have `isTransient` where another try may help, and
   * `needsRestart` where it needs a new worker.
   */
  async open(model, part = "generator") {
    const { file, bytes } = model.files[part];
    const name = `the model ${model.name}`;
    if (!this.#sessions.has(file)) {
      const made = this.#makeSession(name, file, bytes);
      made.catch(() => this.#sessions.delete(file)); // the next call tries again
      this.#sessions.set(file, made);
    }
    const runner = await this.#sessions.get(file);
    return async (feeds) => {
      try {
        return { output: await runner.run(feeds) };
      } catch (error) {
        throw runtimeError(name, error);
      }
    };
  }

  /** The bytes of another file in the folder of models. */
  fetchBytes(file) { return this.#download(`${this.models}${file}`, file, 0); }

  async #makeSession(name, file, bytes) {
    const lacks = unsupported();
    if (lacks) throw new Error(lacks);
    this.#ort ??= this.#loadRuntime();
    this.#ort.catch(() => { this.#ort = null; });
    const [ort, graph] = await Promise.all([this.#ort, this.#download(`${this.models}${file}`, name, bytes)]);
    const options = { executionProviders: ["wasm"], graphOptimizationLevel: "all" };
    try {
      const session = await ort.InferenceSession.create(graph, options);
      return new ModelRunner(ort, session, (trial) => this.gpu.open(name, { graph, ...trial }));
    } catch (error) {
      throw this.#report(name, runtimeError(name, error));
    }
  }

  /** onnxruntime-web for WebAssembly alone: half the size of the one with WebGPU. */
  async #loadRuntime() {
    try {
      const ort = await this.#importRuntime("ort.wasm.min.mjs", "ort-wasm-simd-threaded.wasm", this.onProgress);
      this.onProgress({ name: ENGINE, fraction: null });
      return ort;
    } catch (error) {
      throw this.#report(ENGINE, error);
    }
  }

  async #importRuntime(loader, binary, onProgress) {
    const isOwn = new URL(this.runtime).origin === self.location.origin;
    const ort = await import(`${this.runtime}${loader}`).catch((error) => { throw notLoaded(error); });
    const { wasm } = ort.env;
    wasm.wasmPaths = this.runtime;
    const isAlone = !self.crossOriginIsolated || self.name === CAREFUL;
    wasm.numThreads = isAlone ? 1 : Math.min(navigator.hardwareConcurrency || 1, MAX_THREADS);
    wasm.proxy = false;
    if (isOwn) wasm.wasmBinary = await this.#fetch(`${this.runtime}${binary}.gz`, ENGINE, 0, onProgress);
    return ort;
  }

  /** The bytes of a file, unpacked where it is a gzip file. `size`: of the packed file, or 0. */
  async #download(url, name, size) {
    try {
      const bytes = await this.#fetch(url, name, size, this.onProgress);
      this.onProgress({ name, fraction: null });
      return bytes;
    } catch (error) {
      throw this.#report(name, error);
    }
  }

  async #fetch(url, name, size, onProgress) {
    const failed = (reason) => Object.assign(new Error(`${capitalized(name)} could not be loaded: ${reason}`), { isTransient: true });
    const options = this.#damaged.has(url) ? { cache: "reload" } : {};
    const response = await fetch(url, options).catch(() => null);
    if (!response) throw failed("there is no connection");
    if (response.status === 404) throw failed("the server has it no longer. Please reload the page");
    if (!response.ok) throw failed(`the server answered ${response.status}`);
    const total = size || Number(response.headers.get("content-length"));
    const parts = [];
    let received = 0;
    const reader = response.body.getReader();
    const read = () => reader.read().catch(() => { throw failed("the connection broke off"); });
    for (let part = await read(); !part.done; part = await read()) {
      parts.push(part.value);
      received += part.value.length;
      if (total) onProgress({ name, fraction: Math.min(received / total, 1) });
    }
    const isUnpacked = !url.endsWith(".gz") || response.headers.has("content-encoding");
    this.#damaged.delete(url);
    return unpackGzip(new Blob(parts), isUnpacked).catch((error) => {
      if (error instanceof RangeError) throw runtimeError(name, error); // an array could not be allocated
      this.#damaged.add(url);
      throw failed("the file that came is damaged or not whole");
    });
  }

  #report(name, error) {
    this.onProgress({ name, fraction: null, problem: error.message });
    return error;
  }
}

const capitalized = (text) => text[0].toUpperCase() + text.slice(1);

/** The error for one of onnxruntime-web, which is not used again in this worker. */
function runtimeError(name, error) {
  const reason = error?.message ?? String(error);
  if (error instanceof RangeError || /memory|alloc|abort/i.test(reason)) {
    return Object.assign(new Error(NO_MEMORY), { needsRestart: true });
  }
  if (/no available backend/i.test(reason)) return notLoaded(error);
  return Object.assign(new Error(`${capitalized(name)} could not be run: ${reason}`), { needsRestart: true });
}

/** The modules of a failed import are kept as failed by some browsers: a new worker has none. */
function notLoaded({ message }) {
  const reason = /fetch|import/i.test(message) ? "the connection failed" : message;
  return Object.assign(new Error(`${capitalized(ENGINE)} could not be loaded: ${reason}`), { isTransient: true, needsRestart: true });
}
