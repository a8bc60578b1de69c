// Files that become the drawing: label images are opened, photos traced, from wherever they come.

import { ask, notice } from "../core/dialog.js";
import { readDroppedFiles, describeDropped } from "../core/dropped_folders.js";
import { button } from "../core/icons.js";
import { buildProgress } from "../core/upload.js";
import { on, onFailure, studio } from "./studio.js";
import { uploadFile } from "../core/codec.js";

const SHOW_WAITING_MS = 300;

/** A button that takes a file from the disk, and the input behind it. */
export function buildFilePicker(options, take) {
  const opener = button(options);
  const picker = Object.assign(document.createElement("input"), {
    type: "file", accept: "image/*", hidden: true,
  });
  opener.addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    const file = picker.files[0];
    picker.value = "";
    if (file) take(file);
  });
  return [opener, picker];
}

/** `open(file)`, `trace(file)`, and `refused(reason)` for what the server found no label map. */
export function openFiles({ tab, props, trigger }) {
  let last = null; // the file that was opened last
  let timer;

  const wait = (busy) => {
    clearTimeout(timer);
    const show = () => studio.canvas.frame.parentElement.classList.toggle("st-opening", busy);
    if (busy) timer = setTimeout(show, SHOW_WAITING_MS);
    else show();
  };

  async function send(file, event) {
    wait(true);
    const progress = buildProgress(studio.canvas.frame);
    try {
      props.value = await uploadFile(file, props.max_upload_mb, (part) => progress(file.name, part));
      trigger(event);
    } catch (error) {
      wait(false);
      notice(studio.canvas.frame, error.message);
    }
  }

  const open = (file) => {
    last = file;
    send(file, "open");
  };
  const trace = (file) => send(file, "trace");

  async function refused(reason) {
    wait(false);
    const file = last;
    const question = "Make a drawing of this photo?";
    const sure = await ask(studio.canvas.frame, question, "Trace it", "Leave it", reason);
    if (sure) trace(file);
  }

  on("opened", () => wait(false));
  onFailure("open", () => wait(false));
  acceptDrops(tab, open);
  return { open, trace, refused };
}

/**
 * A file dropped on the canvas or its tools, or pasted where the studio is in use. A canvas holds one
 * drawing: of several files, and of folders, the first picture.
 */
function acceptDrops(tab, open) {
  const openFirst = async (transfer) => {
    const found = await readDroppedFiles(transfer);
    const [first] = found.files;
    if (first) open(first);
    if (found.files.length > 1) {
      notice(studio.canvas.frame, `${first.name} is opened, the first of ${found.files.length} files: `
        + "a canvas holds one drawing");
    } else if (!first && found.folders) notice(studio.canvas.frame, describeDropped(found));
  };
  const isFile = (event) => [...event.dataTransfer?.types ?? []].includes("Files");
  const overSheet = (event) => event.target.closest?.(".st-drawing");
  const mark = (on_) => studio.canvas?.frame.classList.toggle("st-dropping", on_);
  tab.addEventListener("dragover", (event) => {
    if (!isFile(event)) return;
    event.preventDefault(); // beside the canvas too: the browser would leave the page for the file
    mark(Boolean(overSheet(event)));
  });
  tab.addEventListener("dragleave", (event) => {
    if (!tab.contains(event.relatedTarget)) mark(false);
  });
  tab.addEventListener("drop", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    mark(false);
    if (overSheet(event)) openFirst(event.dataTransfer);
  });
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    if (!file || tab.offsetParent === null || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    open(file);
  });
}
