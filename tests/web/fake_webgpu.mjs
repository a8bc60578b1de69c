// onnxruntime-web with WebGPU, for tests where there is no GPU: WebAssembly in its place, with faults.
//
// The test puts `const FAULT = "...";` before it, and counts the runs in `self.gpuRuns`.

import * as ort from "./ort.wasm.min.mjs";

let loseDevice;
const lost = new Promise((resolve) => { loseDevice = resolve; });
self.gpuRuns = 0;

/** "slow" and "fast" turn the clock at each run, so that no test depends on the machine. */
let turned = 0;
const now = performance.now.bind(performance);
performance.now = () => now() + turned;

export const env = { wasm: {}, webgpu: { device: Promise.resolve({ lost }) } };
export const { Tensor } = ort;

export const InferenceSession = {
  async create(graph, options) {
    if (FAULT === "operator") throw new Error("Resize is not supported");
    const session = await ort.InferenceSession.create(graph, { ...options, executionProviders: ["wasm"] });
    let last; // of the trial, which runs the same inputs three times
    return {
      release: () => session.release(),
      async run(feeds) {
        self.gpuRuns += 1;
        turned += { slow: 60_000, fast: -60_000 }[FAULT] ?? 0;
        if (FAULT === "lost" && self.gpuRuns > 3) {
          loseDevice({ message: "a driver was reset" });
          return new Promise(() => {}); // never
        }
        if (FAULT === "run" && self.gpuRuns > 3) throw new Error("validation failed");
        if (self.gpuRuns > 3 || !last) last = (await session.run(feeds)).output;
        const data = last.data.map((value) => value + ({ wrong: 4 / 127.5, nan: NaN }[FAULT] ?? 0));
        return { output: { data, dims: last.dims } };
      },
    };
  },
};
