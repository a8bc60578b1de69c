// Copies the metadata of files to results in PNG and JPEG. Run by test_photo_files.py.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder, engine] = process.argv.slice(2);
const module = (name) => import(`${engine}/colorize/${name}.js`);
const { detectFormat, readParts } = await module("file_parts");
const { addToJpeg, pngChunks, readMetadata } = await module("metadata");
const { orientationOf } = await module("exif");
const { PngEncoder } = await module("png_encoder");

const read = (name) => new Uint8Array(readFileSync(join(folder, name)));
const { files, pixels, width, height, plain } = JSON.parse(readFileSync(join(folder, "job.json"), "utf-8"));

const answer = [];
for (const { name, strip } of files) {
  const bytes = read(name);
  const parts = readParts(bytes);
  const metadata = readMetadata(parts);
  const dpi = parts.dpi ?? null;
  const encoder = new PngEncoder(width, height, !strip, pngChunks(metadata, dpi));
  const data = read(pixels);
  for (let top = 0; top < height; top += 7) {
    await encoder.add(data.subarray(top * width * 4, Math.min(top + 7, height) * width * 4));
  }
  writeFileSync(join(folder, `${name}.out.png`), Buffer.concat(await encoder.finish()));
  writeFileSync(join(folder, `${name}.out.jpg`), addToJpeg(read(plain), metadata, dpi));
  const orientation = parts.exif ? orientationOf(parts.exif) : 1;
  answer.push({ format: detectFormat(bytes), size: parts.size, dpi, orientation });
}
writeFileSync(join(folder, "answer.json"), JSON.stringify(answer));
