// The Colourise tab: photos under the before/after slider, their hints and settings, and saving.

import { CompareSlider } from "../core/compare_slider.js";
import { statusLine } from "../core/controls.js";
import { h } from "../core/dom.js";
import { acceptFiles } from "../core/file_input.js";
import { freeName } from "../core/file_names.js";
import { confirmBeforeUnload, isReconnecting } from "../core/page_lifecycle.js";
import { buildProgress } from "../core/upload.js";
import { ColorizeEditor } from "./colorize_editor.js";
import { isHintsFile, isHintsName, saveHints } from "./hint_files.js";
import { buildPanel } from "./panel.js";
import { createPhoto, fetchExample, isUnsaved, settingsOf, shareSettings } from "./photo.js";
import { PhotoAutosave } from "./photo_autosave.js";
import { buildPhotoBar } from "./photo_bar.js";
import { PhotoClient } from "./photo_client.js";
import { RepairBrush } from "./repair_brush.js";
import { HIGH, NORMAL } from "./request_queue.js";
import { KEPT_ON_SERVER, openHintsFile, saveAllPhotos, savePhoto } from "./save_actions.js";
import { bindShortcuts } from "./shortcuts.js";
import { buildSizePicker } from "./size_picker.js";
import { Suggestions } from "./suggestions.js";
import { ThumbnailQueue } from "./thumbnails.js";

const connectToServer = (props, onProgress) => new PhotoClient(props.api, props.max_upload_mb, onProgress);

/**
 * `createClient(props, onProgress)` returns what makes the pictures: a PhotoClient, or another with its
 * interface, such as LocalPhotos of the page without a server.
 */
export function mountColorize({ element, props }, createClient = connectToServer) {
  new ColorizeApp(element.querySelector(".st-photo"), props, createClient).start();
}

class ColorizeApp {
  constructor(root, props, createClient) {
    Object.assign(this, { root, props });
    this.photos = []; // that are open; an example is not among them
    this.wanted = null; // the photo that will be on show once its picture has come
    this.names = new Set(); // of open photos
    this.batch = null; // { cancelled } while all photos are being saved
    this.client = createClient(props, (photo, fraction) => {
      photo.sent = fraction;
      this.photoBar.show(this.photos, this.wanted, this.batch !== null);
      if (photo === this.wanted || fraction === null) this.progress(photo.name, fraction);
    });
    this.thumbnails = new ThumbnailQueue({
      request: (photo, options) => this.#ask(photo, "thumb", options),
      isOpen: (photo) => this.photos.includes(photo),
      mark: (photo, state, reason) => this.#mark(photo, state, reason),
      onDone: (photo) => {
        if (this.photos.length > KEPT_ON_SERVER && !this.isInUse(photo)) this.client.forget(photo);
      },
    });
    this.autosave = new PhotoAutosave(props, () => (
      { photos: this.photos, current: this.wanted }
    ));
    confirmBeforeUnload(() => [...this.photos, this.current].some((photo) => (
      photo && isUnsaved(photo) && !(isReconnecting() && this.autosave.keeps(photo))
    )));
    this.#build();
  }

  /** The photo on show. */
  get current() { return this.editor.current; }

  #build() {
    const { root, client, props } = this;
    this.compare = new CompareSlider({
      onTap: (x, y) => this.editor.tap(x, y),
      alt: { before: "The photo as it was", after: "The photo in colour" },
    });
    this.stage = h("div", { class: "st-stage" }, this.compare.node);
    this.progress = buildProgress(this.stage);
    this.caption = statusLine("st-caption st-about");
    this.editor = new ColorizeEditor({
      root, stage: this.stage, compare: this.compare, client, maxHints: props.max_hints,
      onMessage: (message) => this.say(message),
      onChange: () => this.render(),
      onNotes: () => this.#describe(),
      onPicture: (strokes) => this.repair.showPicture(strokes),
      onStrength: (strength) => this.panel.strength.show(strength),
      onRest: (photo) => { if (this.photos.includes(photo)) this.thumbnails.add(photo); },
      onChoose: () => this.panel.swatches.focus(),
    });
    this.sizePicker = buildSizePicker({
      sizes: props.sizes,
      ask: () => this.#ask(this.current, "sizes", { name: "sizes", priority: NORMAL }),
      pick: (size) => this.editor.set({ size }),
    });
    this.repair = new RepairBrush({
      root, stage: this.stage, compare: this.compare, editor: this.editor,
      maxStrokes: props.max_strokes, maxPoints: props.max_stroke_points,
      onMessage: (message) => this.say(message),
      onChange: () => this.render(),
    });
    this.suggestions = new Suggestions({
      ask: (...request) => client.ask(...request), onPick: (color) => this.editor.pick(color),
    });
    bindShortcuts(root, this.editor, this.repair, this.suggestions);
    this.panel = this.#buildPanel();
    this.photoBar = this.#buildPhotoBar();
    root.replaceChildren(h("div", { class: "st-colorizing" }, this.stage, this.panel.node),
      this.caption, this.photoBar.node, this.sizePicker.node);
    window.addEventListener("online", () => this.#retryFailed());
    acceptFiles(root, (files, message) => this.#addFiles(files, message), { alsoAccepts: isHintsName });
  }

  #buildPanel() {
    const { editor } = this;
    return buildPanel(this.props, this.repair.tools.node, this.suggestions, {
      reference: {
        read: (file) => this.client.readReference(file),
        set: (reference) => editor.set({ reference }),
        say: (message) => this.say(message),
      },
      pick: (color) => editor.pick(color),
      undo: () => editor.step("undo"),
      redo: () => editor.step("redo"),
      remove: () => editor.remove(this.current.selected),
      add: () => { this.repair.leave(); editor.add(0.5, 0.5, true); },
      toggle: () => editor.toggle(),
      strength: (strength, isFinal) => editor.setStrength(strength, isFinal),
      improve: (setting) => editor.set({ [setting]: !this.current[setting] }),
      sizes: () => this.sizePicker.open(this.current.size, this.current.width / this.current.height),
      all: () => this.#applyToAll(),
      save: (format) => savePhoto(this, format),
      saveHints: () => {
        if (!saveHints(this.current)) this.say("There are no hints on this photo yet");
      },
    });
  }

  #buildPhotoBar() {
    return buildPhotoBar(this.props, {
      files: (files) => this.#addFiles(files),
      example: (example) => this.#openExample(example),
      open: (photo) => this.#open(photo),
      remove: (photo) => this.#close(photo),
      saveAll: (format) => saveAllPhotos(this, format),
      cancel: () => { if (this.batch) this.batch.cancelled = true; },
    });
  }

  /** Sends a request about a photo with its settings. */
  #ask(photo, kind, options) {
    return this.client.ask(photo, { kind, ...settingsOf(photo) }, options);
  }

  async start() {
    const message = this.#restore(await this.autosave.load());
    const [example] = this.props.examples;
    const { first } = this.props; // the example's picture, which came with the page
    const photo = this.#createPhoto(example.file, () => fetchExample(example));
    Object.assign(photo, { width: first.width, height: first.height, example: true, message });
    if (!this.wanted && await this.compare.show(first)) this.#showAs(photo);
  }

  // ---- photos ------------------------------------------------------------------------------

  /** A photo with the given settings, else those of the photo on show. */
  #createPhoto(name, load, { settings = { ...this.current, negative: false }, ...work } = {}) {
    const scratches = Boolean(this.props.restores && settings?.scratches);
    return createPhoto(name, load, this.props.size, { settings: { ...settings, scratches }, ...work });
  }

  /** Opens what was open before a reload. Returns the message about it, or "". */
  #restore({ entries, shown, example, missing }) {
    if (!entries.length && !example && !missing) return "";
    const lost = missing === 1 ? "A photo" : `${missing} photos`;
    const message = missing ? `${lost} could not be kept: please open what is missing again` : "";
    const photos = entries.map((entry) => {
      const photo = this.#createPhoto(freeName(entry.name, this.names), entry.load, entry);
      this.autosave.adopt(photo, entry);
      return photo;
    });
    this.photos.push(...photos);
    const first = photos[Math.max(0, entries.indexOf(shown))];
    const found = example && this.props.examples.find(({ file }) => file === example.name);
    if (found) this.#openExample(found, example);
    else if (first) this.#open(Object.assign(first, { message }));
    for (const photo of photos) this.thumbnails.add(photo);
    this.render();
    return message;
  }

  #openExample(example, saved = {}) {
    const photo = this.#createPhoto(example.file, () => fetchExample(example), saved);
    this.#open(Object.assign(photo, { example: true }));
  }

  /** Adds photos and shows the first of them; sets hints from hints files. */
  async #addFiles(files, message = "") {
    const added = files.filter((file) => !isHintsFile(file)).map((file) => (
      this.#createPhoto(freeName(file.name, this.names), async () => file)
    ));
    this.photos.push(...added);
    this.render();
    if (added.length) this.#open(Object.assign(added[0], { message }));
    else if (message) this.say(message);
    for (const photo of added) this.autosave.add(photo);
    for (const photo of added) this.thumbnails.add(photo);
    for (const file of files.filter(isHintsFile)) await openHintsFile(this, file);
  }

  isInUse(photo) { return photo === this.current || photo === this.wanted; }

  #mark(photo, state, reason = "") {
    Object.assign(photo, { state, reason });
    this.render();
  }

  /** Shows a photo. Where that fails, the last one stays. */
  async #open(photo) {
    if (photo.state === "failed") this.say(photo.reason);
    this.wanted = photo;
    const busy = this.editor.showBusy();
    try {
      const answer = await this.#ask(photo, "preview", { name: "open", priority: HIGH });
      const isShown = answer && await this.compare.show(
        { ...answer, width: photo.width, height: photo.height }, () => this.wanted === photo,
      );
      if (!isShown) return;
      Object.assign(photo, { notes: answer.notes, changed: answer.changed ?? null });
      this.compare.setDivider(50);
      if (photo.state === "failed") photo.state = "done";
      this.#showAs(photo);
    } catch (error) {
      if (this.wanted === photo) this.wanted = this.current;
      this.#mark(photo, "failed", error.message);
      this.unopened = error.isTransient ? photo : null;
      this.say(error.message);
    } finally {
      busy.done();
    }
  }

  /** The network is back: retries what failed for lack of it. */
  #retryFailed() {
    for (const photo of this.photos.filter(({ state, isTransient }) => state === "failed" && isTransient)) {
      this.#mark(photo, "waiting");
      this.thumbnails.add(photo);
    }
    if (this.unopened && this.photos.includes(this.unopened)) this.#open(this.unopened);
    else this.editor.retryFailed();
    this.unopened = null;
  }

  #showAs(photo) {
    this.wanted = photo;
    if (this.current && this.current !== photo) this.current.message = "";
    this.editor.showAs(photo);
    this.repair.reset();
    this.root.dataset.shown = photo.name;
    this.#describe();
    this.render();
  }

  #close(photo) {
    const at = this.photos.indexOf(photo);
    this.photos = this.photos.filter((other) => other !== photo);
    this.names.delete(photo.name.toLowerCase());
    this.client.forget(photo);
    this.autosave.close(photo);
    this.render();
    const next = this.photos[Math.min(at, this.photos.length - 1)];
    if (!this.isInUse(photo)) return;
    if (next) this.#open(next);
    else this.#openExample(this.props.examples[0]);
  }

  #applyToAll() {
    for (const photo of shareSettings(this.current, this.photos)) this.thumbnails.add(photo);
    this.say(`All ${this.photos.length} photos are made like this one now`);
  }

  // ---- display -----------------------------------------------------------------------------

  say(message) { this.caption.textContent = message; }

  /** Shows the name and size of the photo and what was done to it besides colouring. */
  #describe() {
    const { name, width, height, notes, message } = this.current;
    this.say([`${name}, ${width} × ${height}`, ...notes, message].filter(Boolean).join(" · "));
  }

  render() {
    const photo = this.current;
    const { hints, color, hidden } = this.editor;
    this.editor.showMarkers();
    this.repair.show();
    this.suggestions.update(this.repair.tool ? null : photo);
    this.panel.show(photo, {
      color: hints[photo?.selected]?.color ?? color, hidden, many: this.photos.length > 1,
    });
    this.photoBar.show(this.photos, this.wanted, this.batch !== null);
    this.autosave.note();
  }
}
