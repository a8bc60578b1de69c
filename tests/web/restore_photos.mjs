// Repairs the photos in a job with the browser engine. Run by test_restore_engine.py.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder, engine] = process.argv.slice(2);
const module = (name) => import(`${engine}/colorize/${name}.js`);
const { BrowserRestorer } = await module("restorer");

const bytesOf = (name) => {
  const bytes = readFileSync(join(folder, name));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
};
const { config, photos, scans } = JSON.parse(readFileSync(join(folder, "job.json"), "utf-8"));

/** As FilteringNetwork in test_restore_engine.py. */
async function run({ input: { data, dims: [, , height, width] } }) {
  const count = width * height;
  const output = new Float32Array(2 * count);
  for (let y = 0, i = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, i += 1) {
      const before = data[y * width + (x + width - 1) % width];
      output[i] = 0.5 * data[i] + 0.25 * before + 0.25 * data[count + i];
      output[count + i] = Math.abs(data[i] - before) > 0.4 ? 0.75 : -0.75;
    }
  }
  return { output: { data: output, dims: [1, 2, height, width] } };
}

const restorer = new BrowserRestorer(run, config);
const answer = { photos: [], scans: [] };
for (const { width, height, file } of photos) {
  const pixels = { width, height, data: new Uint8ClampedArray(bytesOf(file)) };
  const { data } = await restorer.restore(pixels);
  writeFileSync(join(folder, `${file}.result`), data);
  answer.photos.push(`${file}.result`);
}
for (const { width, height, file, strokes, sheet, box, findPixels } of scans) {
  const light = { width, height, data: new Uint16Array(bytesOf(file)) };
  const found = await new BrowserRestorer(run, config, findPixels).repairLight(light, strokes, sheet, box);
  writeFileSync(join(folder, `${file}.light`), found.light.data);
  writeFileSync(join(folder, `${file}.changed`), found.changed.data);
  answer.scans.push({ light: `${file}.light`, changed: `${file}.changed`, line: found.line });
}
writeFileSync(join(folder, "answer.json"), JSON.stringify(answer));
