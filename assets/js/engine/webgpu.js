// Runs models on WebGPU where that is right and faster: each is tried beside WebAssembly at its first picture.

const MAX_ERROR = 3 / 127.5; // of 255 steps of a picture in -1..1; other outputs relative to their largest value
const TIMED_RUNS = 2; // after a first one, which compiles the shaders
// After so long the GPU is taken for hung; software takes minutes, where it is forced
const TRIAL_LIMIT_MS = { auto: 30_000, force: 600_000 };
const MIN_RUN_LIMIT_MS = 5000;
const RUN_LIMIT = 20; // times the run of the trial: other sizes take longer, and compile their shaders

export class WebGpu {
  #runtime = null; // a promise of onnxruntime-web with WebGPU
  #turn = Promise.resolve(); // it does one thing at a time
  #lost = null; // rejects with the device
  #isOff;

  /**
   * `load()` resolves to onnxruntime-web with WebGPU. `mode`: "auto"; "force", also where the adapter is
   * software, or slower than WebAssembly; or "off".
   */
  constructor(load, mode = "auto") {
    Object.assign(this, { load, isForced: mode === "force" });
    this.#isOff = mode === "off" || !globalThis.navigator?.gpu;
  }

  /**
   * A function `run(feeds)` for a model that was run by WebAssembly: `trial` is { graph, feeds, output, ms }
   * with the bytes of the model, the first inputs, their output, and `ms()`, the time that it takes. It
   * resolves to the output, or to null where something failed: then no model uses the GPU any more. Null where
   * the GPU is not to be used. Never rejects.
   */
  async open(name, trial) {
    if (this.#isOff || !(await this.#isWorthTrying())) return null;
    try {
      const { session, run, ms } = await within(this.#try(trial), TRIAL_LIMIT_MS[this.isForced ? "force" : "auto"]);
      const isKept = ms < trial.ms() || this.isForced;
      const times = `${Math.round(ms)} ms on WebGPU, ${Math.round(trial.ms())} ms in WebAssembly`;
      console.info(`${name} runs ${isKept ? "on WebGPU" : "in WebAssembly"}: ${times}`);
      const limitMs = Math.max(MIN_RUN_LIMIT_MS, RUN_LIMIT * ms);
      if (isKept) return (feeds) => this.#runSafely(name, () => within(run(feeds), limitMs));
      await this.#inTurn(() => session.release());
      return null;
    } catch (error) {
      this.#giveUp(name, error);
      return null;
    }
  }

  async #isWorthTrying() {
    if (navigator.connection?.saveData && !this.isForced) return false; // another 6.7 MB
    const adapter = await navigator.gpu.requestAdapter().catch(() => null);
    if (!adapter) this.#isOff = true;
    const isSoftware = adapter?.info?.isFallbackAdapter ?? adapter?.isFallbackAdapter ?? false;
    return Boolean(adapter) && (!isSoftware || this.isForced);
  }

  async #try({ graph, feeds, output }) {
    this.#runtime ??= this.load();
    const ort = await this.#runtime;
    const options = { executionProviders: ["webgpu"], graphOptimizationLevel: "all" };
    const session = await this.#inTurn(() => ort.InferenceSession.create(graph, options));
    this.#watch(await ort.env.webgpu.device);
    const run = (values) => this.#inTurn(() => runSession(ort, session, values));
    const error = largestError((await run(feeds)).data, output.data);
    if (!(error <= MAX_ERROR)) throw new Error(`its output is wrong by ${error}`);
    let ms = Infinity;
    for (let i = 0; i < TIMED_RUNS; i += 1) {
      const start = performance.now();
      await run(feeds);
      ms = Math.min(ms, performance.now() - start);
    }
    return { session, run, ms };
  }

  /** The output; null where the GPU failed. */
  async #runSafely(name, run) {
    if (this.#isOff) return null;
    try {
      return await run();
    } catch (error) {
      this.#giveUp(name, error);
      return null;
    }
  }

  #watch(device) {
    this.#lost ??= device.lost.then(({ message }) => {
      this.#isOff = true;
      throw new Error(`the device was lost: ${message}`);
    });
    this.#lost.catch(() => {});
  }

  #giveUp(name, error) {
    this.#isOff = true;
    console.warn(`${name}: WebGPU is not used, because ${error?.message ?? error}`);
  }

  #inTurn(act) {
    const result = this.#turn.then(() => Promise.race([act(), ...(this.#lost ? [this.#lost] : [])]));
    this.#turn = result.catch(() => {});
    return result;
  }
}

/** The output { data, dims } of a session for tensors { data, dims } by name. */
export async function runSession(ort, session, feeds) {
  const tensors = Object.entries(feeds).map(([key, { data, dims }]) => [key, new ort.Tensor("float32", data, dims)]);
  const { output: { data, dims } } = await session.run(Object.fromEntries(tensors));
  return { data, dims };
}

/** The largest difference of the outputs, in units of the largest expected value or of 1; NaN where one is. */
export function largestError(found, expected) {
  if (found.length !== expected.length) return NaN;
  let [error, largest] = [0, 1];
  for (let i = 0; i < expected.length; i += 1) {
    const difference = Math.abs(found[i] - expected[i]);
    if (Number.isNaN(difference)) return NaN;
    error = Math.max(error, difference);
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return error / largest;
}

/** As the promise; rejects where it has not settled in `limitMs`. */
function within(promise, limitMs) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it has not answered in ${limitMs / 1000} s`)), limitMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
