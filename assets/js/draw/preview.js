// The picture beside the canvas, its seed, and the Save menu.

import { download } from "../core/download.js";
import { button } from "../core/icons.js";
import { buildMenu } from "../core/menu.js";
import {
  requestPicture, setAspectRatio, isFacades, on, randomSeed, setLive, setSeed, studio, notify,
} from "./studio.js";

const KEEP_MS = 60_000; // a saved picture, for the browser to take
const REST_MS = 500; // since the last picture or stroke
const AGAIN_MS = 2000; // after the server had others to serve; twice as long each time
const FADE_MS = 160;

export function mountPreview({ element, props }) {
  const root = element.querySelector(".st-building");
  studio.kind = props.kind;
  studio.preview = root;
  setAspectRatio(root, props);
  const frame = Object.assign(document.createElement("div"), { className: "st-frame" });
  let newest = 0; // the number of the last picture that came
  let sharp = 0; // the number of the last that came as large as the model paints
  let timer;
  let patience;
  frame.append(new Image());
  root.replaceChildren(frame, buildBar(props));

  async function show(url, id, fade = false) {
    newest = id;
    const next = new Image();
    next.alt = `The ${thing()} made from the drawing`;
    next.src = url;
    await next.decode(); // swapped when it is ready to show: no flicker
    if (newest !== id) {
      URL.revokeObjectURL(url);
      return false;
    }
    const before = [...frame.querySelectorAll("img")];
    frame.append(next);
    if (fade && !matchMedia("(prefers-reduced-motion)").matches) {
      await next.animate({ opacity: [0, 1] }, FADE_MS).finished;
    }
    for (const image of before) {
      URL.revokeObjectURL(image.src);
      image.remove();
    }
    return true;
  }

  /** The hand rests: the same picture as large as the model paints it. The server may decline. */
  async function sharpen() {
    const id = newest;
    const { queue, canvas, stale } = studio;
    if (sharp >= id || !queue || queue.inFlight || canvas.stroke || stale) return;
    if (document.visibilityState !== "visible" || root.offsetParent === null) return;
    const picture = await studio.fetchLarge(id).catch(() => null);
    if (newest !== id) return;
    if (!picture) return later(patience *= 2);
    sharp = id;
    await show(URL.createObjectURL(picture.blob), id, true);
    root.dataset.sharp = String(id);
  }
  const later = (delay) => {
    clearTimeout(timer);
    timer = setTimeout(sharpen, delay);
  };
  const rest = () => {
    patience = AGAIN_MS;
    later(REST_MS);
  };
  on("answer", rest);
  on("change", rest); // also the end of a stroke that changed nothing

  studio.show = async ({ blob, name }, id) => {
    if (studio.saving?.id === id) save(blob, name);
    if (id < newest) return;
    if (!(await show(URL.createObjectURL(blob), id))) return;
    root.dataset.picture = String(id);
    if (props.large <= 1) root.dataset.sharp = String(sharp = id);
    notify("answer");
  };
  if (props.value) { // the picture that came with the page
    show(props.value.image, 0).then(() => {
      root.dataset.picture ??= "first";
      root.dataset.sharp ??= "first";
      notify("answer");
    });
  }
}

const thing = () => (isFacades() ? "building" : "picture");

/** The bar under the picture. */
function buildBar({ styled, width, height, large }) {
  const bar = Object.assign(document.createElement("div"), { className: "st-bar" });
  const label = Object.assign(document.createElement("label"), { className: "st-seed" });
  label.append(Object.assign(document.createElement("span"), { textContent: "Seed" }));
  const input = Object.assign(document.createElement("input"), {
    type: "text", inputMode: "numeric", maxLength: 4, autocomplete: "off",
  });
  input.addEventListener("change", () => setSeed(input.value));
  label.append(input);
  studio.controls.showSeed = () => {
    input.value = studio.style ? "" : String(studio.seed);
    input.placeholder = studio.style ? "\u2013" : "";
  };
  studio.controls.showSeed();
  const surprise = button({
    name: "surprise", label: "Surprise me", text: "Surprise", tip: `Another ${thing()}, same drawing`,
    classes: "st-surprise",
  });
  surprise.addEventListener("click", () => setSeed(randomSeed()));
  const out = Object.assign(document.createElement("div"), { className: "st-out" });
  const draw = button({ name: "draw", label: "Draw", text: "Draw", key: "D",
    tip: `Draw the ${thing()}`, classes: "st-primary" });
  draw.addEventListener("click", requestPicture);
  const size = (by) => `${Math.round(width * by)} x ${Math.round(height * by)} pixels, PNG`;
  const menu = buildMenu({ name: "download", label: "Save", text: "Save" }, [
    [`Save the ${thing()}`, size(large), () => requestSave("building")],
    ...(large > 1 ? [["Save it small", `${size(1)}, as the drawing`, () => requestSave("small")]] : []),
    ["Save the drawing", studio.kind === "lines" ? "PNG" : "label map, exact to the pixel", () => studio.saveDrawing?.()],
    ["Save both side by side", "PNG", () => requestSave("both")],
  ]);
  out.append(draw, menu);
  if (styled) bar.append(label, surprise); // else a drawing has one picture, whatever the seed
  bar.append(buildLive(draw), out);
  return bar;
}

function buildLive(draw) {
  const live = Object.assign(document.createElement("button"), {
    type: "button", className: "st-switch", textContent: "Live",
  });
  live.setAttribute("role", "switch");
  live.dataset.tip = `The ${thing()} follows the drawing`;
  live.addEventListener("click", () => setLive(!studio.live));
  studio.controls.showLive = () => {
    live.setAttribute("aria-checked", String(studio.live));
    draw.hidden = studio.live;
    draw.classList.toggle("st-primary", studio.stale);
  };
  studio.controls.showLive();
  return live;
}

/** What is saved comes anew, and lossless: "building", "small" or "both". */
export function requestSave(what) {
  studio.saving = { what, id: null, drawing: null };
  requestPicture();
}

/** How a request's picture is wanted; where one is to be saved, the next request is for that. */
export function claimSave(id) {
  if (studio.saving?.id !== null) return { format: "jpeg" };
  const { element, shape } = studio.canvas;
  const drawing = Object.assign(document.createElement("canvas"), shape);
  drawing.getContext("2d").drawImage(element, 0, 0);
  Object.assign(studio.saving, { id, drawing });
  return { format: "png", large: studio.saving.what === "building" };
}

async function save(blob, name) {
  const { what, drawing } = studio.saving;
  studio.saving = null;
  const image = URL.createObjectURL(blob);
  setTimeout(() => URL.revokeObjectURL(image), KEEP_MS);
  if (what !== "both") {
    return download(image, `${name}${what === "small" ? "-small" : ""}.png`);
  }
  const building = new Image();
  building.src = image;
  await building.decode();
  const { width, height } = drawing;
  const both = Object.assign(document.createElement("canvas"), { width: 2 * width, height });
  const context = both.getContext("2d");
  context.drawImage(drawing, 0, 0);
  context.drawImage(building, width, 0, width, height);
  download(both.toDataURL("image/png"), `${name}-both.png`);
}
