// The picture beside the canvas, and its bar: seed, live, Draw and Save.

import { bindPictureGestures } from "../canvas/pointer_input.js";
import { button, snapshot, switchButton } from "../core/controls.js";
import { h } from "../core/dom.js";
import { download } from "../core/download.js";
import { buildMenu } from "../core/menu.js";
import { buildHistory } from "./history_panel.js";
import { randomSeed, setAspectRatio, studioOf } from "./studio.js";

const REVOKE_MS = 60_000; // after which the browser has read a saved picture
const REST_MS = 500; // without a stroke or a new picture: then the large one is requested
const RETRY_MS = 2000; // after the server declined the large one; doubles each time
const FADE_MS = 160;

export function mountPreview({ element, props }) {
  const root = element.querySelector(".st-preview");
  const studio = studioOf(props.tab);
  Object.assign(studio, { kind: props.kind, large: props.large });
  setAspectRatio(root, studio.canvas?.shape ?? props);
  const layer = h("div", { class: "st-view" }, new Image());
  const frame = h("div", { class: "st-frame" }, layer);
  studio.view.addLayer(layer);
  bindPictureGestures(frame, studio.view);
  const bar = buildBar(studio, props, buildHistory(studio, layer, props));
  bar.inert = true; // until what it acts on is there
  studio.drawingReady.then(() => { bar.inert = false; });
  root.replaceChildren(frame, bar);
  if (props.note) root.append(h("p", { class: "st-served" }, props.note));
  new Preview(root, layer, studio).start(props.first);
  studio.setPreview(root);
}

/** Shows the newest picture, and a larger one when the visitor pauses. */
class Preview {
  #newest = 0; // the id of the newest picture that came
  #sharp = 0; // the id of the newest that came at the model's largest size
  #timer;
  #retryMs = RETRY_MS;

  constructor(root, layer, studio) { Object.assign(this, { root, layer, studio }); }

  /** `first`: the picture that came with the page, as { image }. */
  start(first) {
    const { studio, root } = this;
    studio.on("answer", () => this.#rest());
    studio.on("change", () => this.#rest()); // also after a stroke that changed nothing
    studio.show = (picture, id) => this.show(picture, id);
    this.#swap(first.image, 0).then(() => {
      root.dataset.picture ??= "first";
      root.dataset.sharp ??= "first";
      studio.notify("answer");
    });
  }

  /** Shows the picture of a request; saves it where that was asked for. */
  async show({ blob, name }, id) {
    const { studio, root } = this;
    if (studio.saving?.id === id) savePicture(studio, blob, name);
    if (id < this.#newest) return;
    if (!(await this.#swap(URL.createObjectURL(blob), id))) return;
    root.dataset.picture = String(id);
    if (studio.large <= 1) this.#markSharp(id);
    studio.notify("answer");
  }

  #markSharp(id) {
    this.#sharp = id;
    this.root.dataset.sharp = String(id);
  }

  /** Replaces the picture once the new one is decoded, so that it does not flicker. */
  async #swap(url, id, fade = false) {
    this.#newest = id;
    const next = h("img", { alt: `The ${pictureName(this.studio)} made from the drawing`, src: url, draggable: false });
    await next.decode();
    if (this.#newest !== id) {
      URL.revokeObjectURL(url);
      return false;
    }
    const before = [...this.layer.querySelectorAll("img")];
    this.layer.append(next);
    if (fade && !matchMedia("(prefers-reduced-motion)").matches) {
      await next.animate({ opacity: [0, 1] }, FADE_MS).finished;
    }
    for (const image of before) {
      URL.revokeObjectURL(image.src);
      image.remove();
    }
    return true;
  }

  /** Requests the picture at the model's largest size. The server declines while it is busy. */
  async #sharpen() {
    const id = this.#newest;
    const { queue, canvas, stale } = this.studio;
    if (this.#sharp >= id || !queue || queue.inFlight || canvas.stroke || stale) return;
    if (document.visibilityState !== "visible" || this.root.offsetParent === null) return;
    const picture = await this.studio.fetchLarge(id).catch(() => null);
    if (this.#newest !== id) return;
    if (!picture) {
      this.#retryMs *= 2;
      this.#sharpenIn(this.#retryMs);
      return;
    }
    this.#sharp = id;
    await this.#swap(URL.createObjectURL(picture.blob), id, true);
    this.#markSharp(id);
  }

  #sharpenIn(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#sharpen(), delay);
  }

  #rest() {
    this.#retryMs = RETRY_MS;
    this.#sharpenIn(REST_MS);
  }
}

const pictureName = (studio) => (studio.isFacades ? "building" : "picture");

/** The bar under the picture. */
function buildBar(studio, { styled, width, height, saved }, history) {
  const name = pictureName(studio);
  const surprise = button({
    name: "surprise", label: "Surprise me", text: "Surprise", tip: `Another ${name}, same drawing`,
    classes: "st-surprise", onClick: () => studio.setSeed(randomSeed()),
  });
  const draw = button({ name: "draw", label: "Draw", text: "Draw", key: "D",
    tip: `Draw the ${name}`, classes: "st-primary", onClick: () => studio.requestPicture() });
  const live = switchButton({ text: "Live", tip: `The ${name} follows the drawing`,
    onClick: () => studio.setLive(!studio.live) });
  const render = () => {
    live.setAttribute("aria-checked", String(studio.live));
    draw.hidden = studio.live;
    draw.classList.toggle("st-primary", studio.stale);
  };
  studio.on("controls", render);
  render();
  return h("div", { class: "st-bar" },
    // Without styles a drawing has one picture, whatever the seed.
    styled && [buildSeed(studio), surprise], history, live,
    h("div", { class: "st-out" }, draw, buildSaveMenu(studio, { width, height, saved })));
}

function buildSeed(studio) {
  const input = h("input", {
    type: "text", inputMode: "numeric", maxLength: 4, autocomplete: "off",
    on: { change: () => studio.setSeed(input.value) },
  });
  const render = () => {
    input.value = studio.style ? "" : String(studio.seed);
    input.placeholder = studio.style ? "Seed" : "";
  };
  studio.on("controls", render);
  render();
  return h("label", { class: "st-seed" }, h("span", {}, "Seed"), input);
}

/** The menu of what can be saved; it names the sizes, which change with the shape of the sheet. */
function buildSaveMenu(studio, { width, height, saved }) {
  let menu = saveMenuOf(studio, studio.canvas?.shape ?? { width, height }, saved);
  studio.on("shape", () => {
    const next = saveMenuOf(studio, studio.canvas.shape, saved);
    menu.replaceWith(next);
    menu = next;
  });
  return h("div", { class: "st-save" }, menu);
}

/** `saved`: the side of the largest picture, in sides of the canvas. */
function saveMenuOf(studio, { width, height }, saved) {
  const size = (by) => `${Math.round(width * by)} x ${Math.round(height * by)} pixels, PNG`;
  const save = (what) => () => studio.requestSave(what);
  const drawing = studio.kind === "lines" ? "PNG" : "label map, exact to the pixel";
  return buildMenu({ name: "download", label: "Save", text: "Save" }, [
    [`Save the ${pictureName(studio)}`, size(saved), save("picture")],
    ...(saved > 1 ? [["Save it small", `${size(1)}, as the drawing`, save("small")]] : []),
    ["Save the drawing", drawing, async () => (await studio.drawingSaver)()],
    ["Save both side by side", "PNG", save("both")],
  ]);
}

/** The format options of request `id`; where a picture is to be saved, this request becomes the one. */
export function claimSave(studio, id) {
  if (studio.saving?.id !== null) return { format: "jpeg" };
  const { element, shape } = studio.canvas;
  Object.assign(studio.saving, { id, drawing: snapshot(element, shape) });
  return { format: "png", large: studio.saving.what === "picture" };
}

async function savePicture(studio, blob, name) {
  const { what, drawing } = studio.saving;
  studio.saving = null;
  const url = URL.createObjectURL(blob);
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_MS);
  if (what !== "both") {
    download(url, `${name}${what === "small" ? "-small" : ""}.png`);
    return;
  }
  const picture = h("img", { src: url });
  await picture.decode();
  const { width, height } = drawing;
  const both = h("canvas", { width: 2 * width, height });
  const context = both.getContext("2d");
  context.drawImage(drawing, 0, 0);
  context.drawImage(picture, width, 0, width, height);
  download(both.toDataURL("image/png"), `${name}-both.png`);
}
