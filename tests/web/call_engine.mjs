// Calls a function of the browser engine for each list of arguments in a job. Run by helpers/engine.py.
//
// node call_engine.mjs FOLDER ENGINE_URL: reads job.json, writes answer.json. Arrays stand in files of
// their own, { $array: file, type }; an error is { $error: message } with its other properties.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder, engine] = process.argv.slice(2);
const { module, name, calls } = JSON.parse(readFileSync(join(folder, "job.json"), "utf-8"), (key, value) => {
  if (!value?.$array) return value;
  const bytes = readFileSync(join(folder, value.$array));
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  return new globalThis[value.type](buffer);
});
const isOwn = module.endsWith(".mjs"); // a script beside this one
const call = (await import(isOwn ? new URL(module, import.meta.url) : `${engine}/${module}.js`))[name];
let written = 0;

function store(key, value) {
  if (!ArrayBuffer.isView(value)) return value;
  const file = `answer${written}`;
  written += 1;
  writeFileSync(join(folder, file), value);
  return { $array: file, type: value.constructor.name };
}

const answers = [];
for (const values of calls) {
  try {
    answers.push(await call(...values));
  } catch (error) {
    answers.push({ ...error, $error: error.message, ...(error instanceof TypeError && { stack: error.stack }) });
  }
}
writeFileSync(join(folder, "answer.json"), JSON.stringify(answers, store));
