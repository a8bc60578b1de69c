// Photos from wherever they come: dropped on the page, pasted, or from the disk.

import { readDroppedFiles, describeDropped } from "./dropped_folders.js";
import { button } from "./icons.js";

export const ACCEPTED = "image/*,.tif,.tiff,.json";

/** A button that takes files from the disk, and the input behind it. */
export function buildFilesPicker(options, take) {
  const opener = button(options);
  const picker = Object.assign(document.createElement("input"), {
    type: "file", accept: ACCEPTED, multiple: true, hidden: true,
  });
  opener.addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    const files = [...picker.files];
    picker.value = "";
    if (files.length) take(files);
  });
  return [opener, picker];
}

const isHints = (name) => /hints\.json$/i.test(name); // other JSON beside photos is not ours

/**
 * Files dropped anywhere while `root` is on screen, or pasted; of folders the pictures in them, and
 * hints. `take(files, words)`: what is to be said beside that, or "". Without files, `words` alone.
 */
export function acceptFiles(root, take) {
  const isHere = () => root.offsetParent !== null;
  const hasFiles = (event) => isHere() && [...event.dataTransfer?.types ?? []].includes("Files");
  const takeFrom = async (transfer) => {
    const found = await readDroppedFiles(transfer, isHints);
    if (found.files.length || found.folders) take(found.files, describeDropped(found));
  };
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    root.classList.add("st-dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) root.classList.remove("st-dropping");
  });
  document.addEventListener("drop", (event) => {
    root.classList.remove("st-dropping");
    if (!hasFiles(event)) return;
    event.preventDefault();
    takeFrom(event.dataTransfer);
  });
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData?.files ?? []];
    if (!files.length || !isHere() || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    take(files, "");
  });
}
