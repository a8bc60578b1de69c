// A tab that takes photos: each beside what was made of it, under a slider, and the way out.

import { readError } from "../core/responses.js";
import { CompareSlider } from "../core/compare_slider.js";
import { saveBlob } from "../core/download.js";
import { button, group } from "../core/icons.js";
import { StoredFile } from "../core/stored_files.js";
import { swatch } from "../canvas/palette.js";
import { LatestOnlyQueue } from "../core/latest_only_queue.js";
import { urlOf } from "../core/base_url.js";
import { buildProgress } from "../core/upload.js";
import { TAB_ID, onFailure } from "../draw/studio.js";
import { acceptFiles } from "../core/file_input.js";
import { confirmBeforeUnload } from "../core/page_lifecycle.js";
import { buildWebcam } from "./webcam.js";
import { uploadFile } from "../core/codec.js";

const UPLOAD_KEPT_MS = 10 * 60 * 1000; // the server deletes uploads some time after that

export function mountImageTab({ element, props, trigger, watch }) {
  const root = element.querySelector(".st-photo");
  const compare = new CompareSlider();
  compare.before.alt = "The photo as it was";
  compare.after.alt = "What was made of it";
  const stage = make("div", "st-stage st-empty");
  stage.dataset.hint = "Open a photo, or drop one here";
  const caption = make("p", "st-caption st-about");
  caption.setAttribute("role", "status");
  stage.append(compare.node);
  const save = button({ name: "download", label: "Save the result", text: "Save",
    tip: "As PNG, at full size", classes: "st-primary st-out" });
  save.disabled = true;

  const state = { source: null, shown: null, saving: false, saved: null };
  const kept = new StoredFile(TAB_ID);
  const progress = buildProgress(stage);
  confirmBeforeUnload(() => Boolean(state.shown?.local) && state.saved !== state.shown);

  /** What the server needs to find the photo, uploading it (again) where that is needed. */
  async function locate() {
    const { source } = state;
    if (source.example) return { example: source.example };
    if (!source.sent || Date.now() - source.sent.at > UPLOAD_KEPT_MS) {
      const follow = (part) => progress(source.local.name, part);
      source.sent = await uploadFile(source.local, props.max_upload_mb, follow).catch((error) => {
        refuse(error.message);
        throw error;
      });
    }
    return { file: source.sent.file };
  }

  const queue = new LatestOnlyQueue({
    send: async (id) => {
      props.value = { ...(await locate()), id };
      trigger(state.saving ? "save" : "input");
    },
    onWaiting: (waiting) => stage.classList.toggle("st-busy", waiting),
  });

  /** A refused file leaves the last photo in place. */
  function refuse(words) {
    if (state.source !== state.shown) kept.keep(state.shown?.local);
    state.source = state.shown;
    finishSaving();
    if (words) caption.textContent = words;
  }
  onFailure("photo", () => {
    refuse();
    queue.failed();
  });

  function finishSaving() {
    state.saving = false;
    save.disabled = !state.shown;
  }

  /** Whether the file has come; a refusal is shown. */
  async function fetchResult({ path, orig_name: name }) {
    // The server's own idea of the file's address lacks the port where a proxy does not tell it.
    const url = urlOf(`gradio_api/file=${path.split("/").map(encodeURIComponent).join("/")}`);
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) saveBlob(await answer.blob(), name);
    else refuse(answer ? await readError(answer) : "The server is out of reach.");
    return answer?.ok;
  }

  async function receive() {
    const answer = props.value ?? {};
    if (answer.file?.url) {
      if (await fetchResult(answer.file)) state.saved = state.shown;
      finishSaving();
    } else if (answer.after) {
      await compare.show(answer);
      state.shown = state.source;
      stage.classList.remove("st-empty");
      caption.textContent = `${answer.name}, ${answer.width} × ${answer.height}`;
      root.dataset.shown = answer.name;
      finishSaving();
    } else return; // what we sent ourselves
    queue.answered(answer.id);
  }
  watch("value", receive);

  function open(source) {
    state.source = source;
    state.saving = false;
    compare.setDivider(50);
    queue.request();
    kept.keep(source.local);
  }

  save.addEventListener("click", () => {
    state.saving = true;
    save.disabled = true;
    queue.request();
  });
  const webcam = buildWebcam((file) => open({ local: file }));
  const controls = make("div", "st-bar");
  controls.append(...buildPicker((file) => open({ local: file })), webcam.button, save);
  root.replaceChildren(stage, caption, webcam.node, controls);
  if (props.classes.length) root.append(buildLegend(props.classes));
  if (props.examples.length) root.append(buildExamples(props.examples, open));
  acceptFiles(root, (files, words) => {
    if (files.length) open({ local: files[0] });
    caption.textContent = files.length > 1
      ? `${files[0].name} is opened, the first of ${files.length} files` : words;
  });
  if (props.value?.after) {
    state.source = { example: props.examples[0].name };
    receive();
  }
  kept.load().then((file) => { if (file && !state.source?.local) open({ local: file }); });
  root.dataset.ready = "true";
}

function make(tag, className = "") {
  return Object.assign(document.createElement(tag), { className });
}

function buildPicker(take) {
  const picker = Object.assign(make("input"), { type: "file", accept: "image/*", hidden: true });
  picker.addEventListener("change", () => {
    if (picker.files[0]) take(picker.files[0]);
    picker.value = "";
  });
  const choose = button({ name: "open", label: "Open a photo", text: "Open a photo",
    tip: "Or drop one on the page" });
  choose.addEventListener("click", () => picker.click());
  return [choose, picker];
}

/** The classes that are found, each with its colour. */
function buildLegend(classes) {
  const legend = group("st-legend", "list", "Classes");
  for (const entry of classes) {
    const item = make("span", "st-caption");
    item.setAttribute("role", "listitem");
    item.append(swatch(entry), entry.name);
    legend.append(item);
  }
  return legend;
}

function buildExamples(examples, open) {
  const thumbs = make("div", "st-thumbs");
  for (const { name, image } of examples) {
    const thumb = Object.assign(make("button", "st-thumb"), { type: "button" });
    thumb.setAttribute("aria-label", `Example ${name}`);
    thumb.dataset.tip = name;
    thumb.append(Object.assign(new Image(), { src: image, alt: "" }));
    thumb.addEventListener("click", () => open({ example: name }));
    thumbs.append(thumb);
  }
  const bar = make("div", "st-shelf");
  bar.append(Object.assign(make("span", "st-caption"), { textContent: "Or try" }), thumbs);
  return bar;
}
