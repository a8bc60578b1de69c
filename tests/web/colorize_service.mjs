// Asks the worker's side of the Colourise tab for pictures, as the page does. Run by test_colorize_service.py.
//
// The network is a formula that Python has too, and files are raw pixels: no browser is needed.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder, engine] = process.argv.slice(2);
const module = (name) => import(`${engine}/colorize/${name}.js`);
const { BrowserColorizer } = await module("colorizer");
const { BrowserRestorer } = await module("restorer");
const { readWeights } = await module("negative");
const { ColorizeService } = await module("service");
const { LocalPhotos } = await module("local_photos");
const { HIGH, LOW } = await import(`${engine}/../colorize/request_queue.js`);

const { config, weights, photos } = JSON.parse(readFileSync(join(folder, "job.json"), "utf-8"));

let runs = 0;
async function run({ input: { data, dims: [, , height, width] } }) {
  runs += 1;
  const [rows, columns] = [height / 2, width / 2];
  const output = new Float32Array(106 * rows * columns);
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1) {
      const i = 2 * (y * width + x);
      const light = (data[i] + data[i + 1] + data[i + width] + data[i + width + 1]) / 4;
      output[y * columns + x] = 0.3 * light;
      output[(rows + y) * columns + x] = 0.1 - 0.2 * light;
      for (let k = 0; k < 88; k += 1) output[((18 + k) * rows + y) * columns + x] = (((k * 37) % 11) - 5) * light;
    }
  }
  return { output: { data: output, dims: [1, 106, rows, columns] } };
}

const pictures = [];
const codec = {
  async decodeFile({ width, height, pixels }) {
    const data = new Uint8ClampedArray(readFileSync(join(folder, pixels)));
    return { pixels: { width, height, data }, parts: { texts: new Map() } };
  },
  async encodePreview({ width, height, data }, type) {
    const file = `picture${pictures.length}`;
    writeFileSync(join(folder, file), data);
    pictures.push({ file, width, height, type });
    return file;
  },
  createWriter({ width, height, hasAlpha, format }) {
    const rows = [];
    return {
      add: (top, part) => { rows.push(Buffer.from(part.slice().buffer)); },
      finish: async () => {
        const bytes = Buffer.concat(rows);
        return { size: bytes.length, bytes, width, height, hasAlpha, format };
      },
    };
  },
};

const colorizer = new BrowserColorizer(run, config, readWeights(new Uint8Array(readFileSync(weights))));
async function openRestorer() {
  return new BrowserRestorer(repair, { generator: { depth: 4 } });
}

/** As `pale` in test_colorize_service.py. */
async function repair({ input: { data, dims: [, , height, width] } }) {
  const output = new Float32Array(data.length);
  for (let i = 0; i < width * height; i += 1) {
    output[i] = data[i] / 2;
    output[width * height + i] = data[i] > 0.6 ? 0.75 : -0.75;
  }
  return { output: { data: output, dims: [1, 2, height, width] } };
}

const service = new ColorizeService(colorizer, codec, openRestorer);
const calls = [];
const client = new LocalPhotos((method, args) => {
  calls.push(method);
  return service.handle(method, structuredClone(args));
}, 64);
const describe = (value) => pictures.find(({ file }) => file === value);
const messageOf = (promise) => promise.then(() => null, (error) => error.message);

const answer = { looks: [] };
const opened = photos.map(({ name, ...file }) => ({ name, load: async () => ({ ...file, size: 1 }) }));
for (const [at, { asks }] of photos.entries()) {
  for (const payload of asks) {
    const found = await client.ask(opened[at], payload, { priority: HIGH });
    const entry = { ...found };
    for (const key of ["before", "after", "thumb", "changed"]) if (found[key]) entry[key] = describe(found[key]);
    if (found.sizes) entry.sizes = found.sizes.map(({ size, image }) => ({ size, ...describe(image) }));
    if (payload.kind === "save") {
      const { bytes, ...facts } = await client.fetchResult(opened[at]);
      entry.result = { ...facts, file: `saved${answer.looks.length}` };
      writeFileSync(join(folder, entry.result.file), bytes);
    }
    answer.looks.push(entry);
  }
}
answer.opened = opened.map(({ remote, width, height, thumb }) => ({ remote, width, height, thumb: describe(thumb) }));

// Another strength needs no other run of the network
const [photo] = opened;
const look = { kind: "quick", size: 192, hints: [] };
await client.ask(photo, { ...look, strength: 1 });
const before = runs;
await client.ask(photo, { ...look, strength: 0.5 });
answer.runsForStrength = runs - before;

// A photo that was forgotten is opened again
await client.call("forget", { photo: photo.remote });
const old = photo.remote;
answer.again = Boolean((await client.ask(photo, look)).after) && photo.remote !== old;
client.forget(photo);
answer.remoteAfterForget = photo.remote;

// A thumb in the background gives way and is made afterwards; a sharp picture is replaced by a newer one
const order = [];
const note = (name, promise) => promise.then((value) => {
  order.push([name, value && Object.keys(value)[0]]);
});
const asked = () => calls.filter((name) => name === "ask").length;
async function nextAsk(act) {
  const start = asked();
  const result = act();
  while (asked() === start) await new Promise((resolve) => { setTimeout(resolve, 1); });
  return { done: result };
}
const sharp = { ...look, kind: "preview" };
await client.send(photo);
const thumb = await nextAsk(() => (
  note("thumb", client.ask(photo, { ...look, kind: "thumb", size: 256 }, { priority: LOW }))
));
const first = await nextAsk(() => (
  note("first", client.ask(photo, { ...sharp, size: 384 }, { name: "look", priority: HIGH }))
));
const second = note("second", client.ask(photo, { ...sharp, strength: 1.5 }, { name: "look", priority: HIGH }));
await Promise.all([thumb.done, first.done, second]);
answer.order = order;
answer.cancelled = calls.filter((name) => name === "cancel").length;

answer.errors = {
  size: await messageOf(client.ask(photo, { ...look, size: 9 })),
  strength: await messageOf(client.ask(photo, { ...look, strength: 2 })),
  hints: await messageOf(client.ask(photo, { ...look, hints: [{ x: 2, y: 0, color: "#000000" }] })),
  kind: await messageOf(client.ask(photo, { kind: "print" })),
  empty: await messageOf(client.ask({ name: "a.jpg", load: async () => ({ size: 0 }) }, look)),
  large: await messageOf(client.ask({ name: "a.jpg", load: async () => ({ size: 65 << 20 }) }, look)),
};
const without = new ColorizeService(colorizer, codec);
const { value: other } = await without.handle("open", { file: await opened[1].load(), name: opened[1].name });
({ error: answer.errors.scratches } = await without.handle("ask", { ...look, photo: other.photo, scratches: true }));
writeFileSync(join(folder, "answer.json"), JSON.stringify(answer));
