// The Colourise tab: photos under the before/after slider, their hints, and the way out.

import { PhotoAutosave, isUnsaved } from "./photo_autosave.js";
import { readError } from "../core/responses.js";
import { finishPhoto, hintsFile, settingsOf, saveAll } from "./batch.js";
import { CompareSlider } from "../core/compare_slider.js";
import { buildSizePicker } from "./size_picker.js";
import { ColorizeEditor } from "./colorize_editor.js";
import { saveBlob } from "../core/download.js";
import { readHints, HintHistory } from "./hints.js";
import { buildPanel, buildPhotoBar, make } from "./panel.js";
import { connectResultChannel, RequestQueue, NORMAL, HIGH, LOW } from "./request_queue.js";
import { PhotoClient } from "./photo_client.js";
import { urlOf } from "../core/base_url.js";
import { buildProgress } from "../core/upload.js";
import { acceptFiles } from "../core/file_input.js";
import { confirmBeforeUnload, isReconnecting } from "../core/page_lifecycle.js";
import { freeName } from "../core/zip.js";

const OFF = { repair: false, denoise: false, negative: false, crop: false, strip: false };
const KEPT_ON_SERVER = 4; // of more photos than that only the one on show stays there

export { mountResultChannel } from "./request_queue.js";

export function mountColorize({ element, props, trigger }) {
  const root = element.querySelector(".st-photo");
  const requests = new RequestQueue((payload) => {
    props.value = payload;
    trigger("input");
  });
  new ColorizeApp(root, props, requests).start();
}

class ColorizeApp {
  constructor(root, props, requests) {
    Object.assign(this, { root, props, requests });
    this.client = new PhotoClient(props.photos_url, props.max_upload_mb, requests, (photo, part) => {
      photo.sent = part;
      this.photoBar.show(this.photos, this.wanted, this.batch !== null);
      if (photo === this.wanted || part === null) this.progress(photo.name, part);
    });
    this.photos = [];
    this.wanted = null; // the photo that will be on show once it is there
    this.taken = new Set(); // names
    this.batch = null; // { cancelled } while all are being saved
    this.thumbnailQueue = Promise.resolve();
    this.autosave = new PhotoAutosave(props.max_hints, () => ({ photos: this.photos, current: this.wanted }));
    confirmBeforeUnload(() => [...this.photos, this.current].some((photo) => (
      photo && isUnsaved(photo) && !(isReconnecting() && this.autosave.keeps(photo))
    )));
    this.stage = make("div", "st-stage");
    this.compare = new CompareSlider((x, y) => this.editor.tap(x, y));
    this.stage.append(this.compare.node);
    this.progress = buildProgress(this.stage);
    this.editor = new ColorizeEditor({
      root, stage: this.stage, compare: this.compare, client: this.client, maxHints: props.max_hints,
      say: (words) => this.#say(words),
      onChange: () => this.#render(),
      onNotes: () => this.#describe(),
      onStrength: (strength) => this.panel.strength.show(strength),
      onRest: (photo) => { if (this.photos.includes(photo)) this.#queueThumbnail(photo); },
      onChoose: () => this.panel.swatches.focus(),
    });
    this.#build();
  }

  get current() { return this.editor.current; }

  #build() {
    const { editor } = this;
    this.caption = make("p", "st-caption st-about");
    this.caption.setAttribute("role", "status");
    this.sizePicker = buildSizePicker({
      sizes: this.props.sizes,
      ask: () => this.#ask(this.current, "sizes", { name: "sizes", priority: NORMAL }),
      pick: (size) => editor.set({ size }),
    });
    this.panel = buildPanel(this.props, {
      pick: (color) => editor.pick(color),
      undo: () => editor.step("undo"),
      redo: () => editor.step("redo"),
      remove: () => editor.remove(this.current.selected),
      add: () => editor.add(0.5, 0.5, true),
      toggle: () => editor.toggle(),
      strength: (strength, done) => editor.setStrength(strength, done),
      improve: (part) => editor.set({ [part]: !this.current[part] }),
      sizes: () => this.sizePicker.open(this.current.size, this.current.width / this.current.height),
      all: () => this.#applyToAll(),
      save: (format) => this.#save(format),
      saveHints: () => this.#saveHints(),
    });
    this.photoBar = buildPhotoBar(this.props, {
      files: (files) => this.#take(files),
      example: (example) => this.#openExample(example),
      open: (photo) => this.#open(photo),
      remove: (photo) => this.#close(photo),
      saveAll: (format) => this.#saveAll(format),
      cancel: () => { if (this.batch) this.batch.cancelled = true; },
    });
    const editorArea = make("div", "st-developing");
    editorArea.append(this.stage, this.panel.node);
    this.root.replaceChildren(editorArea, this.caption, this.photoBar.node, this.sizePicker.node);
    window.addEventListener("online", () => this.#catchUp());
    acceptFiles(this.root, (files, words) => this.#take(files, words));
  }

  #ask(photo, kind, options) {
    return this.client.ask(photo, { kind, ...settingsOf(photo) }, options);
  }

  async start() {
    const told = this.#restore(await this.autosave.load());
    connectResultChannel(this.requests, async (value) => {
      const [example] = this.props.examples;
      const photo = this.#newPhoto(example.file, () => fetchFile(example));
      Object.assign(photo, { width: value.width, height: value.height, example: true, told });
      if (!this.wanted && await this.compare.show(value)) this.#showAs(photo);
    });
  }

  // ---- photos ------------------------------------------------------------------------------

  #newPhoto(name, load, { settings: kept = { ...this.current, negative: false }, hints = [] } = {}) {
    const settings = { strength: 1, size: this.props.size, ...OFF };
    for (const part of Object.keys(settings)) {
      if (typeof kept?.[part] === typeof settings[part]) settings[part] = kept[part];
    }
    return {
      name, load, ...settings, notes: [], remote: null, thumb: null, state: "waiting", reason: "",
      history: new HintHistory(hints), selected: -1,
    };
  }

  /**
   * Opens what was open before a reload. The server has forgotten it: it is sent again. Returns what
   * is to be said of it, or "".
   */
  #restore({ entries, shown, example, missing }) {
    if (!entries.length && !example && !missing) return "";
    const lost = missing === 1 ? "A photo" : `${missing} photos`;
    const told = missing ? `${lost} could not be kept: please open what is missing again` : "";
    const photos = entries.map((entry) => {
      const photo = this.#newPhoto(freeName(entry.name, this.taken), entry.load, entry);
      this.autosave.adopt(photo, entry);
      return photo;
    });
    this.photos.push(...photos);
    const first = photos[Math.max(0, entries.indexOf(shown))];
    const tried = example && this.props.examples.find(({ file }) => file === example.name);
    if (tried) this.#openExample(tried, example);
    else if (first) this.#open(Object.assign(first, { told }));
    for (const photo of photos) this.#queueThumbnail(photo);
    this.#render();
    return told;
  }

  #openExample(example, kept = {}) {
    const photo = this.#newPhoto(example.file, () => fetchFile(example), kept);
    this.#open(Object.assign(photo, { example: true }));
  }

  /** `words` are said along with what is said of the first of them. */
  async #take(files, words = "") {
    const isHints = (file) => /\.json$/i.test(file.name);
    const added = files.filter((file) => !isHints(file)).map((file) => (
      this.#newPhoto(freeName(file.name, this.taken), async () => file)
    ));
    this.photos.push(...added);
    this.#render();
    if (added.length) this.#open(Object.assign(added[0], { told: words }));
    else if (words) this.#say(words);
    for (const photo of added) this.autosave.add(photo);
    for (const photo of added) this.#queueThumbnail(photo);
    for (const file of files.filter(isHints)) await this.#openHints(file);
  }

  /** Its thumb in colour, one photo after the other. */
  #queueThumbnail(photo) {
    this.thumbnailQueue = this.thumbnailQueue.then(async () => {
      if (!this.photos.includes(photo) || photo.state === "failed") return;
      this.#mark(photo, "working");
      try {
        const answer = await this.#ask(photo, "thumb", { priority: LOW });
        photo.thumb = answer.thumb;
        this.#mark(photo, "done");
      } catch (error) {
        this.#mark(photo, "failed", error.message);
        photo.isTransient = error.isTransient;
      }
      if (this.photos.length > KEPT_ON_SERVER && !this.#isInUse(photo)) this.client.forget(photo);
    });
  }

  #isInUse(photo) { return photo === this.current || photo === this.wanted; }

  #mark(photo, state, reason = "") {
    Object.assign(photo, { state, reason });
    this.#render();
  }

  /** A photo that cannot be shown leaves the last one in place. */
  async #open(photo) {
    if (photo.state === "failed") this.#say(photo.reason);
    this.wanted = photo;
    const busy = this.editor.wait();
    try {
      const answer = await this.#ask(photo, "preview", { name: "open", priority: HIGH });
      const shown = answer && await this.compare.show(
        { ...answer, width: photo.width, height: photo.height }, () => this.wanted === photo,
      );
      if (!shown) return;
      photo.notes = answer.notes;
      this.compare.setDivider(50);
      if (photo.state === "failed") photo.state = "done";
      this.#showAs(photo);
    } catch (error) {
      if (this.wanted === photo) this.wanted = this.current;
      this.#mark(photo, "failed", error.message);
      this.unopened = error.isTransient ? photo : null;
      this.#say(error.message);
    } finally {
      busy.done();
    }
  }

  /** There is a network again: what could not be sent or shown is tried once more. */
  #catchUp() {
    for (const photo of this.photos.filter(({ state, isTransient }) => state === "failed" && isTransient)) {
      this.#mark(photo, "waiting");
      this.#queueThumbnail(photo);
    }
    if (this.unopened && this.photos.includes(this.unopened)) this.#open(this.unopened);
    else this.editor.catchUp();
    this.unopened = null;
  }

  #showAs(photo) {
    this.wanted = photo;
    if (this.current && this.current !== photo) this.current.told = "";
    this.editor.showAs(photo);
    this.root.dataset.shown = photo.name;
    this.#describe();
    this.#render();
  }

  /** Its name and size, and what was done to it beside colouring. */
  #describe() {
    const { name, width, height, notes, told } = this.current;
    this.#say([`${name}, ${width} × ${height}`, ...notes, told].filter(Boolean).join(" · "));
  }

  #close(photo) {
    const at = this.photos.indexOf(photo);
    this.photos = this.photos.filter((other) => other !== photo);
    this.taken.delete(photo.name.toLowerCase());
    this.client.forget(photo);
    this.autosave.close(photo);
    this.#render();
    const next = this.photos[Math.min(at, this.photos.length - 1)];
    if (this.#isInUse(photo)) next ? this.#open(next) : this.#openExample(this.props.examples[0]);
  }

  #applyToAll() {
    const { strength, size, repair, denoise, negative, crop, strip } = this.current;
    const settings = { strength, size, repair, denoise, negative, crop, strip };
    for (const photo of this.photos) {
      if (Object.keys(settings).every((part) => photo[part] === settings[part])) continue;
      Object.assign(photo, settings);
      this.#queueThumbnail(photo);
    }
    this.#say(`All ${this.photos.length} photos are made like this one now`);
  }

  // ---- files -------------------------------------------------------------------------------

  async #save(format) {
    const photo = this.current;
    this.panel.saving(true);
    try {
      const { name, blob, settings } = await finishPhoto(this.client, photo, format);
      saveBlob(blob, name);
      photo.saved = settings;
      this.#say(`${name} is saved`);
    } catch (error) {
      this.#say(error.message);
    }
    this.panel.saving(false);
  }

  #saveHints() {
    const file = hintsFile([this.current]);
    if (file) saveBlob(file, `${this.current.name.replace(/\.[^.]+$/, "")}-hints.json`);
    else this.#say("There are no hints on this photo yet");
  }

  /** For photos of the same name, and else for the one on show where the file is about one. */
  async #openHints(file) {
    try {
      const byName = readHints(await file.text(), this.props.max_hints);
      const lists = Object.entries(byName);
      let found = 0;
      for (const [name, hints] of lists) {
        const photo = [...this.photos, this.current].find((other) => other?.name === name)
          ?? (lists.length === 1 ? this.wanted : null);
        if (!photo) continue;
        found += 1;
        photo.history.go(hints);
        photo.selected = -1;
        if (photo === this.current) this.editor.refresh();
        else if (this.photos.includes(photo)) this.#queueThumbnail(photo);
      }
      this.#say(`${file.name}: hints for ${found} of ${lists.length} photos`);
    } catch (error) {
      this.#say(`${file.name}: ${error.message}`);
    }
  }

  async #saveAll(format) {
    const batch = { cancelled: false };
    this.batch = batch;
    this.#render();
    const photos = [...this.photos];
    const { saved, failed, cancelled } = await saveAll(this.client, photos, format, {
      isCancelled: () => batch.cancelled,
      keep: (photo) => this.#isInUse(photo) || photos.length <= KEPT_ON_SERVER,
      onChange: (photo) => {
        const at = photos.indexOf(photo) + 1;
        this.#say(`${at} of ${photos.length}: ${photo.name}`);
        this.#render();
      },
    });
    this.batch = null;
    const reasons = failed.map(({ reason, name }) => (reason.startsWith(name) ? reason : `${name}: ${reason}`));
    this.#say([
      cancelled ? "Cancelled" : `${saved} of ${photos.length} photos are saved`, ...reasons,
    ].join(". "));
    this.#render();
  }

  // ---- what is seen ------------------------------------------------------------------------

  #say(words) { this.caption.textContent = words; }

  #render() {
    const photo = this.current;
    const { hints, color, hidden } = this.editor;
    this.editor.showMarkers();
    this.panel.show(photo, {
      color: hints[photo?.selected]?.color ?? color, hidden, many: this.photos.length > 1,
    });
    this.photoBar.show(this.photos, this.wanted, this.batch !== null);
    this.autosave.note();
  }
}

async function fetchFile({ url, file }) {
  const answer = await fetch(urlOf(url));
  if (!answer.ok) throw new Error(`${file}: ${await readError(answer)}`);
  return new File([await answer.blob()], file, { type: "image/jpeg" });
}
