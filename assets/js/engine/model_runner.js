// Runs a model in WebAssembly, and on WebGPU once that was found to be right and faster.

import { runSession } from "./webgpu.js";

export class ModelRunner {
  #gpu = null; // runs the model on WebGPU
  #openGpu;
  #ms = Infinity; // the fastest run in WebAssembly with the inputs of the trial

  /** `openGpu(trial)` is called once, after the first run; see `WebGpu.open`. */
  constructor(ort, session, openGpu) {
    Object.assign(this, { ort, session });
    this.#openGpu = openGpu;
  }

  /** The output { data, dims } for tensors { data: Float32Array, dims } by name. */
  async run(feeds) {
    const found = await this.#gpu?.(feeds);
    if (found) return found;
    this.#gpu = null;
    const start = performance.now();
    const output = await runSession(this.ort, this.session, feeds);
    this.#compare(feeds, output, performance.now() - start);
    return output;
  }

  /** Lets the GPU try the first inputs, in the background; notes the time of others of their size. */
  #compare(feeds, output, ms) {
    const size = feeds.input.data.length;
    this.size ??= size;
    if (size === this.size) this.#ms = Math.min(this.#ms, ms);
    if (!this.#openGpu) return;
    this.#openGpu({ feeds, output, ms: () => this.#ms }).then((run) => { this.#gpu = run; });
    this.#openGpu = null;
  }
}
