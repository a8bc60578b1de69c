// A tab that takes photos: the photo and the model's result under a slider.

import { swatch } from "../canvas/palette.js";
import { urlOf } from "../core/base_url.js";
import { CompareSlider } from "../core/compare_slider.js";
import { button, group, statusLine, thumbnailButton } from "../core/controls.js";
import { h } from "../core/dom.js";
import { saveBlob } from "../core/download.js";
import { acceptFiles, buildFilePicker, describeFirst } from "../core/file_input.js";
import { LatestOnlyQueue } from "../core/latest_only_queue.js";
import { confirmBeforeUnload } from "../core/page_lifecycle.js";
import { readError } from "../core/responses.js";
import { StoredFile } from "../core/stored_files.js";
import { buildProgress, uploadFile } from "../core/upload.js";
import { buildWebcam } from "./webcam.js";

const UPLOAD_KEPT_MS = 10 * 60 * 1000; // the server deletes uploads some time after that

export function mountImageTab(component) { new ImageTab(component).start(); }

class ImageTab {
  // A source is { example: name } or { local: File, sent: its upload }.
  #source = null; // of the newest request
  #shown = null; // of the result on screen
  #saved = null; // of the last saved file
  #isSaving = false;

  constructor({ element, props, trigger, watch }) {
    Object.assign(this, { props, trigger, watch, root: element.querySelector(".st-photo") });
    this.compare = new CompareSlider({
      alt: { before: "The photo as it was", after: "What was made of it" },
    });
    this.stage = h("div", {
      class: "st-stage st-empty", dataset: { hint: "Open a photo, or drop one here" },
    }, this.compare.node);
    this.caption = statusLine("st-caption st-about");
    this.saveButton = button({ name: "download", label: "Save the result", text: "Save",
      tip: "As PNG, at full size", classes: "st-primary st-out", onClick: () => this.#save() });
    this.saveButton.disabled = true;
    this.stored = new StoredFile(props.tab);
    this.progress = buildProgress(this.stage);
    this.queue = new LatestOnlyQueue({
      send: async (id) => {
        props.value = { ...(await this.#locate()), id };
        trigger(this.#isSaving ? "save" : "input");
      },
      onWaiting: (waiting) => this.stage.classList.toggle("st-busy", waiting),
    });
    this.#build();
  }

  #build() {
    const { root, props } = this;
    const openFile = (file) => this.#open({ local: file });
    const webcam = buildWebcam(openFile);
    const picker = buildFilePicker({ name: "open", label: "Open a photo", text: "Open a photo",
      tip: "Or drop one on the page" }, ([file]) => openFile(file));
    root.replaceChildren(this.stage, this.caption, webcam.node,
      h("div", { class: "st-bar" }, picker, webcam.button, this.saveButton));
    if (props.classes.length) root.append(buildLegend(props.classes));
    if (props.examples.length) {
      root.append(buildExamples(props.examples, (name) => this.#open({ example: name })));
    }
    acceptFiles(root, (files, message) => {
      if (files.length) openFile(files[0]);
      this.caption.textContent = describeFirst(files) || message;
    });
  }

  start() {
    const { props, root } = this;
    this.watch("value", () => this.#receive());
    window.addEventListener(`${props.tab}:photo-failed`, () => {
      this.#refuse();
      this.queue.failed();
    });
    confirmBeforeUnload(() => Boolean(this.#shown?.local) && this.#saved !== this.#shown);
    if (props.value?.after) {
      this.#source = { example: props.examples[0].name };
      this.#receive();
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

  /** The payload that refers to the photo; uploads it where the server does not have it any more. */
  async #locate() {
    const source = this.#source;
    if (source.example) return { example: source.example };
    if (!source.sent || Date.now() - source.sent.at > UPLOAD_KEPT_MS) {
      const onProgress = (fraction) => this.progress(source.local.name, fraction);
      source.sent = await uploadFile(source.local, this.props.max_upload_mb, onProgress).catch((error) => {
        this.#refuse(error.message);
        throw error;
      });
    }
    return { file: source.sent.file };
  }

  /** A photo that was refused leaves the last one in place. */
  #refuse(message) {
    if (this.#source !== this.#shown) this.stored.keep(this.#shown?.local);
    this.#source = this.#shown;
    this.#finishSaving();
    if (message) this.caption.textContent = message;
  }

  async #receive() {
    const answer = this.props.value ?? {};
    if (answer.file?.url) {
      if (await this.#fetchResult(answer.file)) this.#saved = this.#shown;
      this.#finishSaving();
    } else if (answer.after) {
      await this.compare.show(answer);
      this.#shown = this.#source;
      this.stage.classList.remove("st-empty");
      this.caption.textContent = `${answer.name}, ${answer.width} × ${answer.height}`;
      this.root.dataset.shown = answer.name;
      this.#finishSaving();
    } else return; // the value that we set ourselves
    this.queue.answered(answer.id);
  }

  /** Saves the finished file; resolves to whether it came. */
  async #fetchResult({ path, orig_name: name }) {
    // The URL from the server lacks the port where a proxy does not pass it on.
    const url = urlOf(`gradio_api/file=${path.split("/").map(encodeURIComponent).join("/")}`);
    const response = await fetch(url).catch(() => null);
    if (response?.ok) saveBlob(await response.blob(), name);
    else this.#refuse(response ? await readError(response) : "The server is out of reach.");
    return response?.ok;
  }
}

/** The classes that the model finds, each with its colour. */
function buildLegend(classes) {
  return group("st-legend", "list", "Classes", classes.map((entry) => (
    h("span", { class: "st-caption", role: "listitem" }, swatch(entry), entry.name)
  )));
}

function buildExamples(examples, onChoose) {
  return h("div", { class: "st-shelf" }, h("span", { class: "st-caption" }, "Or try"),
    h("div", { class: "st-thumbs" }, examples.map(({ name, image }) => thumbnailButton({
      label: `Example ${name}`, tip: name, picture: h("img", { src: image, alt: "" }),
      onClick: () => onChoose(name),
    }))));
}
