// Colourises the photos in a job with the browser engine. Run by test_colorize_engine.py.
//
// node colorize_photos.mjs FOLDER ENGINE_URL: reads job.json, writes answer.json and the pictures.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder, engine] = process.argv.slice(2);
const module = (name) => import(`${engine}/colorize/${name}.js`);
const { BrowserColorizer } = await module("colorizer");
const { parseHints } = await module("color_hints");
const { readWeights } = await module("negative");
const { formatOffers } = await module("photo_session");

const read = (name) => {
  const bytes = readFileSync(join(folder, name));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
};
const { workingSize } = await module("working_shapes");
const { config, weights, names, photos, shapes } = JSON.parse(readFileSync(join(folder, "job.json"), "utf-8"));
const answer = [];

for (const photo of photos) {
  const outputs = [...photo.outputs]; // what the network gave in Python, in the order of the calls
  const feeds = [];
  const run = async ({ input: { data, dims } }) => {
    const name = `${photo.name}.feed${feeds.length}`;
    writeFileSync(join(folder, name), data);
    feeds.push({ name, dims });
    const output = outputs.shift();
    if (!output) throw new Error(`${photo.name}: the network ran more often than in Python`);
    return { output: { data: new Float32Array(read(output.file)), dims: output.dims } };
  };
  const colorizer = new BrowserColorizer(run, config, readWeights(new Uint8Array(readFileSync(weights))));
  const { width, height } = photo;
  const pixels = { width, height, data: new Uint8ClampedArray(read(photo.pixels)) };
  const started = performance.now();
  const session = await colorizer.openPhoto(pixels, photo.options);
  const opened = performance.now();
  const results = [];
  for (const [at, { strength, hints }] of photo.looks.entries()) {
    const result = await session.colorize(strength, parseHints(hints));
    const file = `${photo.name}.result${at}`;
    writeFileSync(join(folder, file), result.data);
    results.push({ file, notes: session.notes });
  }
  answer.push({
    feeds, results, width: session.width, height: session.height, offers: formatOffers(session.offers, names),
    openMs: opened - started, colorizeMs: performance.now() - opened,
  });
}
const sizes = shapes.map(({ settings, width, height, size }) => workingSize(settings, width, height, size));
writeFileSync(join(folder, "answer.json"), JSON.stringify({ photos: answer, sizes }));
