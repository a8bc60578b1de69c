// Files that become the drawing: label images are opened, photos traced.

import { confirmDialog, showNotice } from "../core/dialog.js";
import { acceptFiles, describeFirst } from "../core/file_input.js";
import { buildProgress, uploadFile } from "../core/upload.js";

const SHOW_WAITING_MS = 300;

/** `open(file)`, `trace(file)`, and `offerTracing(reason)` for a file that is no label image. */
export function buildDrawingFiles({ studio, tab, props, trigger }) {
  let opened = null; // the file that was opened last
  let timer;

  const showWaiting = (busy) => {
    clearTimeout(timer);
    const show = () => studio.canvas.frame.parentElement.classList.toggle("st-opening", busy);
    if (busy) timer = setTimeout(show, SHOW_WAITING_MS);
    else show();
  };

  async function send(file, event) {
    const { frame } = studio.canvas;
    showWaiting(true);
    const progress = buildProgress(frame);
    try {
      const onProgress = (fraction) => progress(file.name, fraction);
      props.value = await uploadFile(file, props.max_upload_mb, onProgress);
      trigger(event);
    } catch (error) {
      showWaiting(false);
      showNotice(frame, error.message);
    }
  }

  const open = (file) => {
    opened = file;
    send(file, "open");
  };
  const trace = (file) => send(file, "trace");

  async function offerTracing(reason) {
    showWaiting(false);
    const file = opened;
    const question = "Make a drawing of this photo?";
    const sure = await confirmDialog(studio.canvas.frame, question, "Trace it", "Leave it", reason);
    if (sure) trace(file);
  }

  studio.on("opened", () => showWaiting(false));
  studio.onFailure("open", () => showWaiting(false));
  acceptFiles(tab, (files, message) => {
    if (files.length) open(files[0]);
    const notice = describeFirst(files, ": a canvas holds one drawing") || (files.length ? "" : message);
    if (notice) showNotice(studio.canvas.frame, notice);
  }, {
    isDropZone: (element) => Boolean(element.closest?.(".st-drawing")),
    highlight: () => studio.canvas?.frame,
  });
  return { open, trace, offerTracing };
}
