// Files that become the drawing: label images are opened, photos traced.

import { unpackIds } from "../core/codec.js";
import { confirmDialog, showFailure, showNotice } from "../core/dialog.js";
import { acceptFiles, describeFirst } from "../core/file_input.js";
import { buildProgress } from "../core/upload.js";
import { sendFile } from "./draw_client.js";

const SHOW_WAITING_MS = 300;

/** `open(file)` puts a label image on the canvas, `trace(file)` a drawing of a photo. */
export function buildDrawingFiles({ studio, tab, props }) {
  let timer;

  const showWaiting = (busy) => {
    clearTimeout(timer);
    const show = () => studio.canvas.frame.parentElement.classList.toggle("st-opening", busy);
    if (busy) timer = setTimeout(show, SHOW_WAITING_MS);
    else show();
  };

  async function send(file, action) {
    const { canvas } = studio;
    showWaiting(true);
    const progress = buildProgress(canvas.frame);
    const onProgress = (fraction) => progress(file.name, fraction);
    try {
      const options = { maxMegabytes: props.max_upload_mb, onProgress };
      const { ids, width, height, notice } = await sendFile(props.api, action, file, options);
      canvas.replace(await unpackIds(ids), { shape: { width, height } });
      if (notice) showNotice(canvas.frame, notice);
    } finally {
      showWaiting(false);
    }
  }

  const report = (error) => showFailure(studio.canvas.frame, error);
  const trace = (file) => send(file, "trace").catch(report);

  const open = (file) => send(file, "open").catch(async (error) => {
    if (!error.can_trace) {
      report(error);
      return;
    }
    const question = "Make a drawing of this photo?";
    const { frame } = studio.canvas;
    const sure = await confirmDialog(frame, question, "Trace it", "Leave it", { reason: error.message });
    if (sure) trace(file);
  });

  acceptFiles(tab, (files, message) => {
    if (files.length) open(files[0]);
    const notice = describeFirst(files, ": a canvas holds one drawing") || (files.length ? "" : message);
    if (notice) showNotice(studio.canvas.frame, notice);
  }, {
    isDropZone: (element) => Boolean(element.closest?.(".st-drawing")),
    highlight: () => studio.canvas?.frame,
  });
  return { open, trace };
}
