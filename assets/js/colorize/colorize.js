// The Colourise tab: photos under the before/after slider, their hints, and the way out.

import { Album, isUnsaved } from "./album.js";
import { reasonOf } from "../core/responses.js";
import { finishPhoto, hintsFile, lookOf, saveAll } from "./batch.js";
import { Compare } from "../core/compare.js";
import { buildContact } from "./size_picker.js";
import { Developer } from "./colorize_editor.js";
import { saveBlob } from "../core/download.js";
import { readHints, Steps } from "./hints.js";
import { buildPanel, buildShelf, make } from "./panel.js";
import { receiveFrom, Requests, SOON, URGENT, WHENEVER } from "./request_queue.js";
import { Room } from "./photo_client.js";
import { address } from "../core/base_url.js";
import { progressIn } from "../core/upload.js";
import { acceptFiles } from "../core/file_input.js";
import { askBeforeLeaving, isReconnecting } from "../core/leaving.js";
import { freeName } from "../core/zip.js";

const OFF = { repair: false, denoise: false, negative: false, crop: false, strip: false };
const KEPT_ON_SERVER = 4; // of more photos than that only the one on show stays there

export { mountPrint } from "./request_queue.js";

export function mountPhoto({ element, props, trigger }) {
  const root = element.querySelector(".st-photo");
  const requests = new Requests((payload) => {
    props.value = payload;
    trigger("input");
  });
  new Darkroom(root, props, requests).start();
}

class Darkroom {
  constructor(root, props, requests) {
    Object.assign(this, { root, props, requests });
    this.room = new Room(props.photos_url, props.max_upload_mb, requests, (photo, part) => {
      photo.sent = part;
      this.shelf.show(this.photos, this.wanted, this.batch !== null);
      if (photo === this.wanted || part === null) this.progress(photo.name, part);
    });
    this.photos = [];
    this.wanted = null; // the photo that will be on show once it is there
    this.taken = new Set(); // names
    this.batch = null; // { cancelled } while all are being saved
    this.developing = Promise.resolve();
    this.album = new Album(props.max_hints, () => ({ photos: this.photos, current: this.wanted }));
    askBeforeLeaving(() => [...this.photos, this.current].some((photo) => (
      photo && isUnsaved(photo) && !(isReconnecting() && this.album.keeps(photo))
    )));
    this.stage = make("div", "st-stage");
    this.compare = new Compare((x, y) => this.developer.tap(x, y));
    this.stage.append(this.compare.node);
    this.progress = progressIn(this.stage);
    this.developer = new Developer({
      root, stage: this.stage, compare: this.compare, room: this.room, maxHints: props.max_hints,
      say: (words) => this.#say(words),
      onChange: () => this.#render(),
      onNotes: () => this.#describe(),
      onStrength: (strength) => this.panel.strength.show(strength),
      onRest: (photo) => { if (this.photos.includes(photo)) this.#develop(photo); },
      onChoose: () => this.panel.swatches.focus(),
    });
    this.#build();
  }

  get current() { return this.developer.current; }

  #build() {
    const { developer } = this;
    this.caption = make("p", "st-caption st-about");
    this.caption.setAttribute("role", "status");
    this.contact = buildContact({
      sizes: this.props.sizes,
      ask: () => this.#ask(this.current, "sizes", { name: "sizes", urgency: SOON }),
      pick: (size) => developer.set({ size }),
    });
    this.panel = buildPanel(this.props, {
      pick: (color) => developer.pick(color),
      undo: () => developer.step("undo"),
      redo: () => developer.step("redo"),
      remove: () => developer.remove(this.current.selected),
      add: () => developer.add(0.5, 0.5, true),
      toggle: () => developer.toggle(),
      strength: (strength, done) => developer.setStrength(strength, done),
      improve: (part) => developer.set({ [part]: !this.current[part] }),
      sizes: () => this.contact.open(this.current.size, this.current.width / this.current.height),
      all: () => this.#applyToAll(),
      save: (format) => this.#save(format),
      saveHints: () => this.#saveHints(),
    });
    this.shelf = buildShelf(this.props, {
      files: (files) => this.#take(files),
      example: (example) => this.#openExample(example),
      open: (photo) => this.#open(photo),
      remove: (photo) => this.#close(photo),
      saveAll: (format) => this.#saveAll(format),
      cancel: () => { if (this.batch) this.batch.cancelled = true; },
    });
    const desk = make("div", "st-developing");
    desk.append(this.stage, this.panel.node);
    this.root.replaceChildren(desk, this.caption, this.shelf.node, this.contact.node);
    window.addEventListener("online", () => this.#catchUp());
    acceptFiles(this.root, (files, words) => this.#take(files, words));
  }

  #ask(photo, kind, options) {
    return this.room.ask(photo, { kind, ...lookOf(photo) }, options);
  }

  async start() {
    const told = this.#restore(await this.album.recall());
    receiveFrom(this.requests, async (value) => {
      const [example] = this.props.examples;
      const photo = this.#newPhoto(example.file, () => fetchFile(example));
      Object.assign(photo, { width: value.width, height: value.height, example: true, told });
      if (!this.wanted && await this.compare.show(value)) this.#showAs(photo);
    });
  }

  // ---- photos ------------------------------------------------------------------------------

  #newPhoto(name, load, { look: kept = { ...this.current, negative: false }, hints = [] } = {}) {
    const look = { strength: 1, size: this.props.size, ...OFF };
    for (const part of Object.keys(look)) {
      if (typeof kept?.[part] === typeof look[part]) look[part] = kept[part];
    }
    return {
      name, load, ...look, notes: [], remote: null, thumb: null, state: "waiting", reason: "",
      steps: new Steps(hints), selected: -1,
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
      this.album.adopt(photo, entry);
      return photo;
    });
    this.photos.push(...photos);
    const first = photos[Math.max(0, entries.indexOf(shown))];
    const tried = example && this.props.examples.find(({ file }) => file === example.name);
    if (tried) this.#openExample(tried, example);
    else if (first) this.#open(Object.assign(first, { told }));
    for (const photo of photos) this.#develop(photo);
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
    for (const photo of added) this.album.add(photo);
    for (const photo of added) this.#develop(photo);
    for (const file of files.filter(isHints)) await this.#openHints(file);
  }

  /** Its thumb in colour, one photo after the other. */
  #develop(photo) {
    this.developing = this.developing.then(async () => {
      if (!this.photos.includes(photo) || photo.state === "failed") return;
      this.#mark(photo, "working");
      try {
        const answer = await this.#ask(photo, "thumb", { urgency: WHENEVER });
        photo.thumb = answer.thumb;
        this.#mark(photo, "done");
      } catch (error) {
        this.#mark(photo, "failed", error.message);
        photo.mayPass = error.mayPass;
      }
      if (this.photos.length > KEPT_ON_SERVER && !this.#isInUse(photo)) this.room.forget(photo);
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
    const busy = this.developer.wait();
    try {
      const answer = await this.#ask(photo, "preview", { name: "open", urgency: URGENT });
      const shown = answer && await this.compare.show(
        { ...answer, width: photo.width, height: photo.height }, () => this.wanted === photo,
      );
      if (!shown) return;
      photo.notes = answer.notes;
      this.compare.cut(50);
      if (photo.state === "failed") photo.state = "done";
      this.#showAs(photo);
    } catch (error) {
      if (this.wanted === photo) this.wanted = this.current;
      this.#mark(photo, "failed", error.message);
      this.unopened = error.mayPass ? photo : null;
      this.#say(error.message);
    } finally {
      busy.done();
    }
  }

  /** There is a network again: what could not be sent or shown is tried once more. */
  #catchUp() {
    for (const photo of this.photos.filter(({ state, mayPass }) => state === "failed" && mayPass)) {
      this.#mark(photo, "waiting");
      this.#develop(photo);
    }
    if (this.unopened && this.photos.includes(this.unopened)) this.#open(this.unopened);
    else this.developer.catchUp();
    this.unopened = null;
  }

  #showAs(photo) {
    this.wanted = photo;
    if (this.current && this.current !== photo) this.current.told = "";
    this.developer.showAs(photo);
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
    this.room.forget(photo);
    this.album.close(photo);
    this.#render();
    const next = this.photos[Math.min(at, this.photos.length - 1)];
    if (this.#isInUse(photo)) next ? this.#open(next) : this.#openExample(this.props.examples[0]);
  }

  #applyToAll() {
    const { strength, size, repair, denoise, negative, crop, strip } = this.current;
    const look = { strength, size, repair, denoise, negative, crop, strip };
    for (const photo of this.photos) {
      if (Object.keys(look).every((part) => photo[part] === look[part])) continue;
      Object.assign(photo, look);
      this.#develop(photo);
    }
    this.#say(`All ${this.photos.length} photos are made like this one now`);
  }

  // ---- files -------------------------------------------------------------------------------

  async #save(format) {
    const photo = this.current;
    this.panel.saving(true);
    try {
      const { name, blob, look } = await finishPhoto(this.room, photo, format);
      saveBlob(blob, name);
      photo.saved = look;
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
        photo.steps.go(hints);
        photo.selected = -1;
        if (photo === this.current) this.developer.redevelop();
        else if (this.photos.includes(photo)) this.#develop(photo);
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
    const { saved, failed, cancelled } = await saveAll(this.room, photos, format, {
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
    const { hints, color, hidden } = this.developer;
    this.developer.showDots();
    this.panel.show(photo, {
      color: hints[photo?.selected]?.color ?? color, hidden, many: this.photos.length > 1,
    });
    this.shelf.show(this.photos, this.wanted, this.batch !== null);
    this.album.note();
  }
}

async function fetchFile({ url, file }) {
  const answer = await fetch(address(url));
  if (!answer.ok) throw new Error(`${file}: ${await reasonOf(answer)}`);
  return new File([await answer.blob()], file, { type: "image/jpeg" });
}
