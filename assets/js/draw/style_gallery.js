// Thumbnails of the drawing in other styles, requested one at a time while the tab is idle: named
// styles first, then seeds, then the style of a photo.

import { thumbnailButton } from "../core/controls.js";
import { showFailure, showNotice } from "../core/dialog.js";
import { h } from "../core/dom.js";
import { buildFilePicker } from "../core/file_input.js";
import { buildProgress } from "../core/upload.js";
import { fetchPicture, sendFile } from "./draw_client.js";
import { studioOf } from "./studio.js";

const IDLE_MS = 600; // since the last picture
const RETRY_MS = 5000; // after the server was busy or out of reach

export async function mountStyleGallery({ element, props }) {
  const root = element.querySelector(".st-styles");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Looks of this drawing");
  await studioOf(props.tab).drawingReady;
  new StyleGallery(root, props).start();
}

class StyleGallery {
  #drawing = { ids: "" }; // the drawing that the thumbnails show, or will show
  #round = 0; // counts drawings
  #waiting = []; // entries whose thumbnail is still to come
  #requests = 0;
  #inFlight = false;
  #timer;

  constructor(root, props) {
    const studio = studioOf(props.tab);
    Object.assign(this, { root, props, studio });
    this.entries = [
      ...props.styles.map((style) => buildStyleEntry(studio, style)),
      ...props.seeds.map((seed) => buildSeedEntry(studio, seed)),
    ];
    this.photo = new PhotoEntry(studio, (file) => this.#takePhoto(file));
    root.replaceChildren(...this.entries.map(({ node }) => node), ...this.photo.nodes);
  }

  start() {
    const { studio } = this;
    studio.on("change", () => {
      this.root.dataset.complete = "false";
      this.#markChosen();
      this.#nextWhenIdle();
    });
    studio.on("answer", () => this.#nextWhenIdle());
    studio.on("controls", () => this.#markChosen());
    this.#markChosen();
    this.#nextWhenIdle();
  }

  #nextWhenIdle(delay = IDLE_MS) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#next(), delay);
  }

  get #isIdle() {
    const { queue, canvas, stale } = this.studio;
    return queue && !queue.inFlight && !canvas.stroke && !stale && !this.photo.busy
      && document.visibilityState === "visible" && this.root.offsetParent !== null;
  }

  /** Requests the next thumbnail. */
  async #next() {
    if (!this.studio.queue || document.visibilityState !== "visible") {
      this.#nextWhenIdle();
      return;
    }
    if (!this.#isIdle || this.#inFlight) return;
    const drawing = await this.studio.packDrawing();
    if (this.#inFlight) return;
    if (drawing.ids !== this.#drawing.ids || drawing.width !== this.#drawing.width) {
      this.#drawing = drawing;
      this.#round += 1;
      this.#waiting = [...this.entries];
    }
    this.root.dataset.complete = String(!this.#waiting.length);
    if (this.#waiting.length && this.#isIdle) await this.#request(this.#waiting[0]);
  }

  async #request(entry) {
    const round = this.#round;
    this.#requests += 1;
    this.#inFlight = true;
    const drawing = {
      ...this.#drawing, seed: entry.seed ?? 0, style: entry.style?.values, id: this.#requests,
    };
    const picture = await fetchPicture(this.props.api, { ...drawing, thumbnail: true })
      .catch(() => null).finally(() => { this.#inFlight = false; });
    if (!picture) {
      this.#nextWhenIdle(RETRY_MS);
      return;
    }
    if (round === this.#round) this.#showThumbnail(entry, picture.blob); // else of an older drawing
    if (this.#isIdle) this.#next();
  }

  #showThumbnail(entry, blob) {
    this.#waiting = this.#waiting.filter((other) => other !== entry);
    const image = entry.node.querySelector("img");
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(blob);
    entry.node.dataset.round = String(this.#round);
    this.root.dataset.complete = String(this.#waiting.length === 0);
  }

  /** Asks the server for the style of a photo. */
  async #takePhoto(file) {
    const { frame } = this.studio.canvas;
    this.photo.setBusy(true);
    const progress = buildProgress(frame);
    const onProgress = (fraction) => progress(file.name, fraction);
    try {
      const options = { maxMegabytes: this.props.max_upload_mb, onProgress };
      const answer = await sendFile(this.props.api, "style", file, options);
      if (answer.notice) showNotice(frame, answer.notice);
      this.photo.setBusy(false);
      this.studio.chooseLook({ style: { name: answer.name, values: answer.style, photo: answer.photo } });
    } catch (error) {
      this.photo.setBusy(false);
      showFailure(frame, error);
    }
  }

  #markChosen() {
    const { style, seed } = this.studio.shownLook;
    for (const entry of this.entries) {
      const chosen = style ? !style.photo && entry.style?.name === style.name : entry.seed === seed;
      entry.node.setAttribute("aria-pressed", String(chosen));
    }
    this.photo.mark(style);
  }
}

function buildSeedEntry(studio, seed) {
  return { seed, node: buildTile(`Look ${seed}`, `Seed ${seed}`, () => studio.chooseLook({ seed })) };
}

function buildStyleEntry(studio, { name, style: values }) {
  const style = { name, values };
  return { style, node: buildTile(`Look: ${name}`, name, () => studio.chooseLook({ style })) };
}

function buildTile(label, tip, onClick) {
  return thumbnailButton({ label, tip, classes: "st-style", picture: h("img", { alt: "" }), onClick });
}

/** The style of a photo, hidden until there is one, and the button that takes the photo. */
class PhotoEntry {
  #style = null;

  constructor(studio, onFile) {
    this.busy = false;
    this.tile = buildTile("Look of the photo", "", () => studio.chooseLook({ style: this.#style }));
    this.tile.hidden = true;
    const [add, input] = buildFilePicker({ name: "photo", label: "Style from a photo",
      text: "From a photo", tip: "In the style of a photo", classes: "st-add" }, ([file]) => onFile(file));
    this.add = add;
    this.nodes = [this.tile, add, input];
  }

  setBusy(busy) {
    this.busy = busy;
    this.add.classList.toggle("st-working", busy);
    this.add.setAttribute("aria-busy", String(busy));
  }

  /** Shows whether the style is chosen; once there is one of a photo, it stays available. */
  mark(chosen) {
    if (chosen?.photo) {
      this.#style = chosen;
      this.tile.hidden = false;
      this.tile.querySelector("img").src = chosen.photo;
      this.tile.dataset.round = "photo";
      this.tile.setAttribute("aria-label", `Look of the photo ${chosen.name}`);
      this.tile.dataset.tip = `As in ${chosen.name}`;
    }
    this.tile.setAttribute("aria-pressed", String(Boolean(chosen?.photo)));
  }
}
