// Files from the visitor: dropped on the page, pasted, or picked from the disk.

import { button } from "./controls.js";
import { h } from "./dom.js";
import { describeDropped, readDroppedFiles } from "./dropped_folders.js";

/** A button that opens the file chooser and its hidden <input>. `onFiles` gets one file at least. */
export function buildFilePicker(options, onFiles, { accept = "image/*", multiple = false } = {}) {
  const input = h("input", {
    type: "file", accept, multiple, hidden: true,
    on: {
      change: () => {
        const files = [...input.files];
        input.value = ""; // so that the same file can be picked again
        if (files.length) onFiles(files);
      },
    },
  });
  return [button({ ...options, onClick: () => input.click() }), input];
}

/**
 * Accepts files dropped or pasted while `root` is on screen; from folders, the images in them and the
 * files whose name `alsoAccepts`. Calls `onFiles(files, message)`: the message, perhaps "", says what
 * was left out. Without usable files the list is empty.
 *
 * `isDropZone(element)` limits where files may be dropped; elsewhere on the page a drop does nothing.
 * `highlight()` is the element that gets the class st-dropping while files are dragged over the zone.
 */
export function acceptFiles(root, onFiles, {
  isDropZone = () => true, highlight = () => root, alsoAccepts = () => false,
} = {}) {
  const isVisible = () => root.offsetParent !== null;
  const hasFiles = ({ dataTransfer }) => isVisible() && [...dataTransfer?.types ?? []].includes("Files");
  const mark = (on) => highlight()?.classList.toggle("st-dropping", on);
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault(); // everywhere: else the browser leaves the page and opens the file
    mark(isDropZone(event.target));
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) mark(false); // out of the window
  });
  document.addEventListener("drop", async (event) => {
    mark(false);
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (!isDropZone(event.target)) return;
    const dropped = await readDroppedFiles(event.dataTransfer, alsoAccepts);
    if (dropped.files.length || dropped.folders) onFiles(dropped.files, describeDropped(dropped));
  });
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData?.files ?? []];
    if (!files.length || !isVisible() || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    onFiles(files, "");
  });
}

/** The message where a tab opens the first of several files; "" for a single one. */
export function describeFirst(files, reason = "") {
  if (files.length < 2) return "";
  return `${files[0].name} is opened, the first of ${files.length} files${reason}`;
}
