// Run by test_labelmap_js.py with `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readDroppedFiles, describeDropped } from "../../assets/js/core/dropped_folders.js";

const PNG = "\x89PNG\r\n\x1a\n";
const JPEG = "\xff\xd8\xff\xe0";

function file(name, start = "") {
  return new File([Uint8Array.from(start, (c) => c.charCodeAt(0))], name);
}

/** Entries as browsers give them; a reader gives `atOnce` at a time. */
function entry(node, atOnce = 2) {
  if (node instanceof File) {
    return { name: node.name, isFile: true, isDirectory: false, file: (done) => done(node) };
  }
  const [name, children] = node;
  return {
    name, isFile: false, isDirectory: true,
    createReader() {
      const rest = children.map((child) => entry(child, atOnce));
      return { readEntries: (done) => done(rest.splice(0, atOnce)) };
    },
  };
}

function transfer(...nodes) {
  return {
    items: nodes.map((node) => ({ kind: "file", webkitGetAsEntry: () => entry(node) })),
    files: nodes.filter((node) => node instanceof File),
  };
}

const names = ({ files }) => files.map(({ name }) => name);

test("of a folder every picture comes, by name or by content, in the order of numbers", async () => {
  const album = ["album", [
    file("photo10.jpg"), file("photo2.jpg"), file("scan", JPEG), file("old.dat", PNG), file("letter.txt", "Hi"),
    file("b.jfif"), file("c.doc"), file("d.jpe", JPEG), file("movie.avi", "RIFF1234AVI "),
    ["deeper", [["still", [file("x.tiff"), file("y", "II*\0")]], file("ftyp", "\0\0\0\x18ftypheic")]],
  ]];
  const found = await readDroppedFiles(transfer(album));
  assert.deepEqual(names(found), [
    "b.jfif", "d.jpe", "ftyp", "x.tiff", "y", "old.dat", "photo2.jpg", "photo10.jpg", "scan",
  ]);
  assert.deepEqual([found.folders, found.left], [3, 3]);
  assert.equal(describeDropped(found), "9 files of 3 folders, 3 left out");
});

test("what the system keeps in folders is neither taken nor counted", async () => {
  const found = await readDroppedFiles(transfer(["a", [
    file(".DS_Store"), file("._a.jpg", JPEG), file("Thumbs.db"), ["__MACOSX", [file("a.jpg")]], file("a.jpg"),
  ]]));
  assert.deepEqual(names(found), ["a.jpg"]);
  assert.equal(describeDropped(found), "1 file of the folder");
});

test("files that are given themselves all come, pictures or not", async () => {
  const found = await readDroppedFiles(transfer(file("letter.txt"), file("a.png")));
  assert.deepEqual(names(found), ["letter.txt", "a.png"]);
  assert.equal(describeDropped(found), "");
  const both = await readDroppedFiles(transfer(file("letter.txt"), ["f", [file("a.png"), file("b.txt")]]));
  assert.deepEqual(names(both), ["letter.txt", "a.png"]);
});

test("a browser that knows no entries gives its files", async () => {
  const given = [file("a.png")];
  const found = await readDroppedFiles({ items: [{ kind: "file", getAsFile: () => given[0] }], files: given });
  assert.deepEqual(found.files, given);
});

test("five hundred pictures are taken, the rest is counted", async () => {
  const many = Array.from({ length: 612 }, (_, i) => file(`${i}.jpg`));
  const found = await readDroppedFiles(transfer(["many", many]));
  assert.deepEqual([found.files.length, found.left, found.files.at(-1).name], [500, 112, "499.jpg"]);
});

test("a folder without pictures says so, and hints come along where they are wanted", async () => {
  const texts = ["texts", [file("a.txt"), file("hints.json")]];
  const found = await readDroppedFiles(transfer(texts));
  assert.equal(describeDropped(found), "There is no picture in the folder: 2 other files");
  assert.equal(describeDropped(await readDroppedFiles(transfer(["none", []]))), "There is nothing in the folder");
  const hinted = await readDroppedFiles(transfer(texts), (name) => name.endsWith("hints.json"));
  assert.deepEqual(names(hinted), ["hints.json"]);
});
