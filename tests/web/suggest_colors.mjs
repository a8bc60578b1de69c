// Suggests colours, reads and applies colours of another photo with the browser engine. Run by
// test_color_suggestions_engine.py.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder, engine] = process.argv.slice(2);
const module = (name) => import(`${engine}/colorize/${name}.js`);
const { AB_GRID } = await module("color");
const { BrowserColorizer } = await module("colorizer");
const { parseHints } = await module("color_hints");
const { suggestColors } = await module("color_suggestions");
const { parseReference, readReference } = await module("reference_colors");

const bytesOf = (name) => {
  const bytes = readFileSync(join(folder, name));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
};
const pixelsOf = ({ width, height, file }) => ({ width, height, data: new Uint8ClampedArray(bytesOf(file)) });
const messageOf = (act) => {
  try {
    return act() && null;
  } catch (error) {
    return error.message;
  }
};
const { config, scan, photo, places, hints, strength, references, distributions, outputs, broken } = JSON.parse(
  readFileSync(join(folder, "job.json"), "utf-8"),
);

const read = references.map((each) => { // { colors } or { error }
  try {
    return { colors: readReference(pixelsOf(each)) };
  } catch (error) {
    return { error: error.message };
  }
});
const run = async () => {
  const { file, dims } = outputs.shift();
  return { output: { data: new Float32Array(bytesOf(file)), dims } };
};
const session = await new BrowserColorizer(run, config, null).openPhoto(pixelsOf(photo), { scan });
const reference = parseReference({ colors: read[0].colors, strength });
const known = parseHints(hints);
const result = await session.colorize(1, known, { reference });
writeFileSync(join(folder, "result"), result.data);
const suggested = [];
for (const { x, y, isSteered } of places) {
  suggested.push(await session.suggest(x, y, known, { reference: isSteered ? reference : null }));
}
const suggestions = distributions.map(({ file, lightness }) => (
  suggestColors(new Float64Array(bytesOf(file)), lightness)
));
const errors = broken.map((value) => messageOf(() => parseReference(value)));
writeFileSync(join(folder, "answer.json"), JSON.stringify({ grid: AB_GRID, read, suggested, suggestions, errors }));
