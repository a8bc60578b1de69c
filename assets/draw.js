// The Draw tab: tools and palette round the sheet, the building beside it, the shelf below.
// Each mount function serves one Gradio component; `studio` is what they share.

import { download } from "./download.js";
import { button } from "./icons.js";
import { Pipeline } from "./pipeline.js";
import { bindKeys } from "./keys.js";
import { bareWall } from "./labelmap.js";
import { Sheet } from "./sheet.js";
import { packIds, unpackIds } from "./wire.js";

const MAX_SEED = 9999;
const TOOLBAR = [
  { tool: "brush", label: "Brush", key: "B" },
  { tool: "rectangle", label: "Rectangle", key: "R" },
  { tool: "fill", label: "Fill", key: "F" },
  { tool: "eraser", label: "Eraser", key: "E", tip: "Eraser: back to the wall; from the wall, to the sky" },
];

const studio = { seed: 0, sheet: null, pipeline: null, pendingSave: null, onPicture: null };

/** Asks for the building of the drawing as it is now. */
function redraw() { studio.pipeline?.request(); }

function setSeed(seed) {
  studio.seed = Math.min(Math.max(Math.trunc(Number(seed)) || 0, 0), MAX_SEED);
  if (studio.seedInput) studio.seedInput.value = String(studio.seed);
  redraw();
}

// ---- the drawing -------------------------------------------------------------------------

export async function mountDrawing({ element, props, trigger, watch }) {
  const root = element.querySelector(".st-drawing");
  const sheet = new Sheet({
    size: props.size,
    colors: props.classes.map((c) => c.rgb),
    onChange: redraw,
    onHistory: () => syncButtons(),
  });
  studio.sheet = sheet;
  studio.seed = props.seed;
  const rail = buildRail(sheet);
  const palette = buildPalette(sheet, props.classes);
  root.replaceChildren(rail.node, sheet.frame, palette.node);
  function syncButtons() {
    rail.undo.disabled = !sheet.history.canUndo;
    rail.redo.disabled = !sheet.history.canRedo;
  }
  syncButtons();

  watch("value", async () => {
    if (!props.value?.opened) return; // anything else is what we sent ourselves
    sheet.replace(await unpackIds(props.value.ids));
  });
  sheet.replace(await unpackIds(props.start), { asStep: false });

  studio.send = async (format, id) => {
    const ids = await packIds(sheet.map);
    props.value = { ids, size: sheet.size, seed: studio.seed, format, id };
  };
  studio.pipeline = new Pipeline({
    send: async (id) => {
      const format = studio.pendingSave === "asked" ? "png" : "webp";
      if (format === "png") studio.pendingSave = id;
      if (studio.building) studio.building.dataset.asked = String(id);
      await studio.send(format, id);
      trigger("input");
    },
    onWaiting: (waiting) => studio.building?.classList.toggle("st-busy", waiting),
  });
  bindKeys(element.closest(".studio-desk"), {
    tools: Object.fromEntries(TOOLBAR.map(({ tool, key }) => [key.toLowerCase(), rail[tool]])),
    classes: palette.chips,
    classKeys: props.classes.map((c) => c.key),
    undo: rail.undo, redo: rail.redo, clear: rail.clear,
    brush: (step) => rail.setBrush(sheet.brush + step * Math.max(1, Math.round(sheet.brush / 8))),
    cancel: () => sheet.cancel(),
  });
  root.dataset.ready = "true";
}

function buildRail(sheet) {
  const node = Object.assign(document.createElement("div"), { className: "st-rail" });
  node.setAttribute("role", "toolbar");
  node.setAttribute("aria-label", "Tools");
  const rail = { node };
  for (const { tool, label, key, tip } of TOOLBAR) {
    rail[tool] = button({ name: tool, label, tip, key, classes: "st-tool" });
    rail[tool].addEventListener("click", () => {
      sheet.setTool(tool);
      for (const other of TOOLBAR) {
        rail[other.tool].setAttribute("aria-pressed", String(other.tool === tool));
      }
      node.dataset.tool = tool;
    });
    node.append(rail[tool]);
  }
  node.append(buildBrushSize(sheet, rail));
  rail.undo = button({ name: "undo", label: "Undo", key: "Ctrl Z", classes: "st-tool" });
  rail.redo = button({ name: "redo", label: "Redo", key: "Ctrl Shift Z", classes: "st-tool" });
  rail.clear = button({ name: "clear", label: "Clear", tip: "Clear to a bare wall", key: "N",
    classes: "st-tool" });
  rail.undo.addEventListener("click", () => sheet.undo());
  rail.redo.addEventListener("click", () => sheet.redo());
  rail.clear.addEventListener("click", () => sheet.replace(bareWall(sheet.size)));
  node.append(rail.undo, rail.redo, rail.clear);
  rail[sheet.tool].click();
  return rail;
}

function buildBrushSize(sheet, rail) {
  const box = Object.assign(document.createElement("label"), { className: "st-size" });
  box.dataset.tip = "Brush size  [ ]";
  const input = Object.assign(document.createElement("input"), {
    type: "range", min: 1, max: 64, step: 1,
  });
  input.setAttribute("aria-label", "Brush size in pixels");
  const shown = document.createElement("output");
  rail.setBrush = (diameter) => {
    sheet.setBrush(diameter);
    input.value = sheet.brush;
    shown.textContent = sheet.brush;
  };
  input.addEventListener("input", () => rail.setBrush(Number(input.value)));
  box.append(input, shown);
  rail.setBrush(sheet.brush);
  return box;
}

function buildPalette(sheet, classes) {
  const node = Object.assign(document.createElement("div"), { className: "st-palette" });
  node.setAttribute("role", "group");
  node.setAttribute("aria-label", "What to draw");
  const chips = classes.map(({ name, meaning, rgb, key }, id) => {
    const chip = Object.assign(document.createElement("button"), {
      type: "button", className: "st-chip",
    });
    chip.dataset.tip = meaning;
    chip.style.setProperty("--color", `rgb(${rgb.join(" ")})`);
    const light = 0.3 * rgb[0] + 0.59 * rgb[1] + 0.11 * rgb[2] > 110;
    chip.style.setProperty("--on-color", light ? "#000" : "#fff");
    const swatch = Object.assign(document.createElement("kbd"), {
      className: "st-swatch", textContent: key,
    });
    const text = Object.assign(document.createElement("span"), { textContent: name });
    chip.append(swatch, text);
    chip.setAttribute("aria-label", `${name}: ${meaning}, key ${key}`);
    chip.addEventListener("click", () => {
      sheet.classId = id;
      chips.forEach((other, i) => other.setAttribute("aria-pressed", String(i === id)));
    });
    return chip;
  });
  node.append(...chips);
  chips[sheet.classId].click();
  return { node, chips };
}

// ---- the building ------------------------------------------------------------------------

export function mountPicture({ element, props, watch }) {
  const root = element.querySelector(".st-building");
  studio.building = root;
  const frame = Object.assign(document.createElement("div"), { className: "st-frame" });
  let shown = new Image();
  frame.append(shown);

  const style = Object.assign(document.createElement("div"), { className: "st-bar" });
  const label = Object.assign(document.createElement("label"), { className: "st-seed" });
  label.append(Object.assign(document.createElement("span"), { textContent: "Seed" }));
  studio.seedInput = Object.assign(document.createElement("input"), {
    type: "text", inputMode: "numeric", maxLength: 4, value: String(props.value?.seed ?? 0),
    autocomplete: "off",
  });
  studio.seedInput.addEventListener("change", () => setSeed(studio.seedInput.value));
  label.append(studio.seedInput);
  const surprise = button({
    name: "surprise", label: "Surprise me", text: "Surprise", tip: "Another building, same drawing",
  });
  surprise.addEventListener("click", () => setSeed(Math.floor(Math.random() * (MAX_SEED + 1))));
  const save = button({
    name: "download", label: "Save the building", text: "Save", tip: "The building as PNG",
    classes: "st-primary st-out",
  });
  save.addEventListener("click", () => { studio.pendingSave = "asked"; redraw(); });
  style.append(label, surprise, save);
  root.replaceChildren(frame, style);

  async function show() {
    const { image, id, seed } = props.value ?? {};
    if (!image) return;
    studio.pipeline?.answered(id);
    if (studio.pendingSave === id && id !== undefined) {
      studio.pendingSave = null;
      download(image, `facade-${seed}.png`);
    }
    const next = new Image();
    next.alt = "The building made from the drawing";
    next.src = image;
    await next.decode(); // swapped when it is ready to show: no flicker
    if (props.value.image !== image) return;
    shown.replaceWith(next);
    shown = next;
    root.dataset.picture = String(id ?? "first");
  }
  watch("value", show);
  show();
}

// ---- the shelf ---------------------------------------------------------------------------

export async function mountShelf({ element, props, trigger, watch, upload }) {
  const root = element.querySelector(".st-shelf");
  const starts = Object.assign(document.createElement("div"), { className: "st-thumbs" });
  starts.setAttribute("role", "group");
  starts.setAttribute("aria-label", "Start from");
  for (const { name, ids } of props.starts) {
    starts.append(thumbnail(name, await unpackIds(ids), props));
  }
  const picker = Object.assign(document.createElement("input"), {
    type: "file", accept: "image/*", hidden: true,
  });
  const open = button({ name: "open", label: "Open a drawing", text: "Open",
    tip: "Open a label image" });
  open.addEventListener("click", () => picker.click());
  picker.addEventListener("change", async () => {
    const file = picker.files[0];
    picker.value = "";
    if (!file) return;
    const { path } = await upload(file);
    const meta = { _type: "gradio.FileData" };
    props.value = { file: { path, orig_name: file.name, meta }, at: Date.now() };
    trigger("open");
  });
  const save = button({ name: "download", label: "Save the drawing", text: "Save drawing",
    tip: "The drawing as PNG, exact to the pixel" });
  save.addEventListener("click", async () => {
    await studio.send("webp", -1);
    trigger("save");
  });
  watch("value", () => {
    if (props.value?.drawing) download(props.value.drawing, "facade-labels.png");
  });
  const actions = Object.assign(document.createElement("div"), { className: "st-actions" });
  actions.append(open, save, picker);
  const title = Object.assign(document.createElement("span"), {
    className: "st-caption", textContent: "Start from",
  });
  root.replaceChildren(title, starts, actions);
}

function thumbnail(name, map, { size, classes }) {
  const node = Object.assign(document.createElement("button"), {
    type: "button", className: "st-thumb",
  });
  node.setAttribute("aria-label", `Start from: ${name}`);
  node.dataset.tip = name;
  const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
  const context = canvas.getContext("2d");
  const image = context.createImageData(size, size);
  map.forEach((id, i) => image.data.set([...(classes[id]?.rgb ?? [0, 0, 0]), 255], i * 4));
  context.putImageData(image, 0, 0);
  node.append(canvas);
  node.addEventListener("click", () => studio.sheet.replace(map));
  return node;
}

window.addEventListener("studio:draw-failed", () => studio.pipeline?.failed());
