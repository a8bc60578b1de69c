// A tab that takes photos: the photo and the model's result under a slider.

import { swatch } from "../canvas/palette.js";
import { CompareSlider } from "../core/compare_slider.js";
import { button, group, statusLine, thumbnailButton } from "../core/controls.js";
import { h } from "../core/dom.js";
import { saveBlob } from "../core/download.js";
import { engineOf } from "../core/engines.js";
import { acceptFiles, buildFilePicker, describeFirst } from "../core/file_input.js";
import { LatestOnlyQueue } from "../core/latest_only_queue.js";
import { confirmBeforeUnload } from "../core/page_lifecycle.js";
import { StoredFile } from "../core/stored_files.js";
import { buildProgress } from "../core/upload.js";
import { fetchPreview, fetchResult } from "./image_client.js";
import { buildWebcam } from "./webcam.js";

export function mountImageTab(component) { new ImageTab(component).start(); }

class ImageTab {
  // A source is { example: name } or { local: File }.
  #source = null; // of the newest request
  #shown = null; // of the result on screen
  #saved = null; // of the last saved file
  #isSaving = false;

  constructor({ element, props }) {
    Object.assign(this, { props, root: element.querySelector(".st-photo") });
    this.compare = new CompareSlider({
      alt: { before: "The photo as it was", after: "What was made of it" },
    });
    this.isLocal = Boolean(engineOf(props.api));
    this.alsoAccepts = props.also_accepts ?? []; // suffixes of files that are no images, such as .npy
    this.stage = h("div", {
      class: "st-stage st-empty", dataset: { hint: "Open a photo, or drop one here" },
    }, this.compare.node);
    this.caption = statusLine("st-caption st-about");
    this.saveButton = button({ name: "download", label: "Save the result", text: "Save",
      tip: props.note || "As PNG, at full size", classes: "st-primary st-out", onClick: () => this.#save() });
    this.saveButton.disabled = true;
    this.stored = new StoredFile(props.tab);
    this.progress = buildProgress(this.stage);
    this.queue = new LatestOnlyQueue({
      send: (id) => this.#send(id),
      onWaiting: (waiting) => this.stage.classList.toggle("st-busy", waiting),
      givesUp: !this.isLocal,
    });
    window.addEventListener("online", () => this.queue.retryNow());
    this.#build();
  }

  #build() {
    const { root, props } = this;
    const openFile = (file) => this.#open({ local: file });
    const webcam = buildWebcam(openFile);
    const picker = buildFilePicker({ name: "open", label: "Open a photo", text: "Open a photo",
      tip: "Or drop one on the page" }, ([file]) => openFile(file),
    { accept: ["image/*", ...this.alsoAccepts].join(",") });
    root.replaceChildren(this.stage, this.caption, webcam.node,
      h("div", { class: "st-bar" }, picker, webcam.button, this.saveButton));
    if (props.note) root.append(h("p", { class: "st-caption", dataset: { name: "note" } }, props.note));
    if (props.classes.length) root.append(buildLegend(props.classes));
    if (props.examples.length) {
      root.append(buildExamples(props.examples, (name) => this.#open({ example: name })));
    }
    acceptFiles(root, (files, message) => {
      if (files.length) openFile(files[0]);
      this.caption.textContent = describeFirst(files) || message;
    }, { alsoAccepts: (name) => this.alsoAccepts.some((ending) => name.toLowerCase().endsWith(ending)) });
  }

  start() {
    const { props, root } = this;
    confirmBeforeUnload(() => Boolean(this.#shown?.local) && this.#saved !== this.#shown);
    if (props.first) {
      this.#source = { example: props.examples[0].name };
      this.#show(props.first);
    }
    this.stored.load().then((file) => {
      if (file && !this.#source?.local) this.#open({ local: file });
    });
    root.dataset.ready = "true";
  }

  #open(source) {
    this.#source = source;
    this.#isSaving = false;
    this.compare.setDivider(50);
    this.queue.request();
    this.stored.keep(source.local);
  }

  #save() {
    this.#isSaving = true;
    this.saveButton.disabled = true;
    this.queue.request();
  }

  #finishSaving() {
    this.#isSaving = false;
    this.saveButton.disabled = !this.#shown;
  }

  /** Requests the preview, or the file to save, of the photo that is open. */
  async #send(id) {
    const source = this.#source;
    try {
      if (this.#isSaving) await this.#saveResult(source);
      else await this.#preview(source);
    } catch (error) {
      if (source === this.#source && error.isTransient && this.isLocal && !this.#isSaving) {
        this.caption.textContent = error.message;
        throw error; // the queue tries again: the model may come later
      }
      if (source === this.#source) this.#refuse(error.message);
    }
    this.queue.answered(id);
  }

  /** Calls a function of image_client.js about a photo or an example. */
  #fetch(request, source) {
    const onProgress = (fraction) => this.progress(source.local?.name, fraction);
    return request(this.props.api, source, { maxMegabytes: this.props.max_upload_mb, onProgress });
  }

  async #preview(source) {
    const answer = await this.#fetch(fetchPreview, source);
    if (source === this.#source) await this.#show(answer); // else another photo was opened
  }

  async #show({ before, after, name, width, height, notice }) {
    await this.compare.show({ before, after, width, height });
    this.#shown = this.#source;
    this.stage.classList.remove("st-empty");
    const size = `${name}, ${width} × ${height}`;
    this.caption.textContent = [size, notice].filter(Boolean).join(" · ");
    this.root.dataset.shown = name;
    this.#finishSaving();
  }

  async #saveResult(source) {
    const { blob, name } = await this.#fetch(fetchResult, source);
    saveBlob(blob, name);
    this.#saved = source;
    this.#finishSaving();
  }

  /** A photo that was refused leaves the last one in place. */
  #refuse(message) {
    if (this.#source !== this.#shown) this.stored.keep(this.#shown?.local);
    this.#source = this.#shown;
    this.#finishSaving();
    this.caption.textContent = message;
  }
}

/** The classes that the model finds, each with its colour. */
function buildLegend(classes) {
  return group("st-legend", "list", "Classes", classes.map((entry) => (
    h("span", { class: "st-caption", role: "listitem" }, swatch(entry), entry.name)
  )));
}

function buildExamples(examples, onChoose) {
  return h("div", { class: "st-start-panel" }, h("span", { class: "st-caption" }, "Or try"),
    h("div", { class: "st-thumbs" }, examples.map(({ name, image }) => thumbnailButton({
      label: `Example ${name}`, tip: name, picture: h("img", { src: image, alt: "" }),
      onClick: () => onChoose(name),
    }))));
}
