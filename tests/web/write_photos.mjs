// Copies the metadata of files to results in PNG and JPEG. Run by test_photo_files.py.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder, engine] = process.argv.slice(2);
const module = (name) => import(`${engine}/colorize/${name}.js`);
const { detectFormat, readParts } = await module("file_parts");
const { jpegSegments, pngChunks, readMetadata } = await module("metadata");
const { takeOrientation } = await module("orientation");
const { JpegEncoder } = await module("jpeg_encoder");
const { PngEncoder } = await module("png_encoder");

const read = (name) => new Uint8Array(readFileSync(join(folder, name)));
const { files, pixels, width, height } = JSON.parse(readFileSync(join(folder, "job.json"), "utf-8"));

const answer = [];
for (const { name, strip } of files) {
  const bytes = read(name);
  const parts = readParts(bytes);
  const metadata = readMetadata(parts);
  const dpi = parts.dpi ?? null;
  const png = new PngEncoder(width, height, !strip, pngChunks(metadata, dpi));
  const jpeg = new JpegEncoder(width, height, jpegSegments(metadata, dpi));
  const data = new Uint8ClampedArray(read(pixels));
  for (let top = 0; top < height; top += 7) {
    const rows = data.subarray(top * width * 4, Math.min(top + 7, height) * width * 4);
    await png.add(rows);
    jpeg.add(rows);
  }
  writeFileSync(join(folder, `${name}.out.png`), Buffer.concat(await png.finish()));
  writeFileSync(join(folder, `${name}.out.jpg`), Buffer.concat(jpeg.finish()));
  const format = detectFormat(bytes);
  const orientation = takeOrientation(bytes, parts, format);
  writeFileSync(join(folder, `${name}.upright`), bytes);
  answer.push({ format, size: parts.size, orientation });
}
writeFileSync(join(folder, "answer.json"), JSON.stringify(answer));
