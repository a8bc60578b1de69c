// A worker with the Colourise engine and a formula in place of the network: for test_browser_codec.py.

import { BrowserColorizer } from "./js/engine/colorize/colorizer.js";
import { decodeFile } from "./js/engine/colorize/browser_codec.js";
import { readWeights } from "./js/engine/colorize/negative.js";
import { ColorizeService } from "./js/engine/colorize/service.js";

async function run({ input: { data, dims: [, , height, width] } }) {
  const [rows, columns] = [height / 2, width / 2];
  const output = new Float32Array(106 * rows * columns);
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1) {
      const i = 2 * (y * width + x);
      const light = (data[i] + data[i + 1] + data[i + width] + data[i + width + 1]) / 4;
      output[y * columns + x] = 0.3 * light;
      output[(rows + y) * columns + x] = 0.1 - 0.2 * light;
    }
  }
  return { output: { data: output, dims: [1, 106, rows, columns] } };
}

async function start() {
  const [config, weights] = await Promise.all([
    fetch("config.json").then((response) => response.json()),
    fetch("negative.npz").then((response) => response.arrayBuffer()),
  ]);
  return new ColorizeService(new BrowserColorizer(run, config, readWeights(new Uint8Array(weights))));
}

const service = start();

onmessage = async ({ data: { id, method, args } }) => {
  if (method !== "decode") {
    postMessage({ id, answer: await (await service).handle(method, args) });
    return;
  }
  const answer = await decodeFile(args.file, args.name).then(
    ({ pixels }) => ({ value: pixels }), (error) => ({ error: error.message }),
  );
  postMessage({ id, answer });
};
