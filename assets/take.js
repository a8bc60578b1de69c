// Photos from wherever they come: dropped on the page, pasted, or from the disk.

import { button } from "./icons.js";

export const ACCEPTED = "image/*,.tif,.tiff,.json";

/** A button that takes files from the disk, and the input behind it. */
export function filesPicker(options, take) {
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

/** Files dropped anywhere while `root` is on screen, or pasted. */
export function acceptFiles(root, take) {
  const isHere = () => root.offsetParent !== null;
  const hasFiles = (event) => isHere() && [...event.dataTransfer?.types ?? []].includes("Files");
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
    const files = [...event.dataTransfer.files];
    if (files.length) take(files);
  });
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData?.files ?? []];
    if (!files.length || !isHere() || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    take(files);
  });
}
