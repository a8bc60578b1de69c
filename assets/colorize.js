// The Colourise tab: a photo under the before/after slider, how strong, and the way out.

import { Compare } from "./compare.js";
import { download } from "./download.js";
import { button } from "./icons.js";
import { Pipeline } from "./pipeline.js";

const UPLOAD_KEPT_MS = 10 * 60 * 1000; // the server deletes uploads some time after that

const darkroom = { receive: null, first: null };

export function mountPrint({ props, watch }) {
  const deliver = () => {
    if (darkroom.receive) darkroom.receive(props.value);
    else darkroom.first = props.value;
  };
  watch("value", deliver);
  deliver();
}

export function mountPhoto({ element, props, trigger, upload }) {
  const root = element.querySelector(".st-photo");
  const compare = new Compare();
  const stage = make("div", "st-stage");
  const caption = make("p", "st-caption st-about");
  caption.setAttribute("role", "status");
  stage.append(compare.node);

  const state = { source: { example: props.examples[0].name }, strength: 1, shownStrength: 1 };

  /** What the server needs to find the photo, uploading it (again) where that is needed. */
  async function locate() {
    const { source } = state;
    if (source.example) return { example: source.example };
    if (!source.uploaded || Date.now() - source.at > UPLOAD_KEPT_MS) {
      const { path } = await upload(source.local).catch((error) => {
        refuse(`${source.local.name}: could not be uploaded (${error.message})`);
        throw error;
      });
      Object.assign(source, { uploaded: path, at: Date.now() });
    }
    const meta = { _type: "gradio.FileData" };
    return { file: { path: source.uploaded, orig_name: source.local.name, meta } };
  }

  const pipeline = new Pipeline({
    send: async (id) => {
      props.value = { ...(await locate()), strength: state.strength, id };
      trigger(state.saving ? "save" : "input");
    },
    onWaiting: (waiting) => stage.classList.toggle("st-busy", waiting),
  });
  /** A refused file leaves the last photo in place. */
  function refuse(words) {
    if (state.saving) finishSaving();
    else if (state.shown) state.source = state.shown;
    if (words) caption.textContent = words;
  }
  window.addEventListener("studio:colorize-failed", () => {
    refuse();
    pipeline.failed();
  });

  darkroom.receive = async (value) => {
    if (!value) return;
    if (value.file) {
      download(value.file.url, value.file.orig_name);
      finishSaving();
    } else {
      await compare.show(value.before, value.after, value.width, value.height);
      state.shown = state.source;
      state.shownStrength = value.strength;
      compare.after.style.filter = "";
      caption.textContent = `${value.name}, ${value.width} × ${value.height}`;
      root.dataset.shown = value.name;
      root.dataset.strength = String(value.strength);
    }
    pipeline.answered(value.id);
  };

  function open(source) {
    if (source.local?.size > props.max_upload_mb * 2 ** 20) {
      caption.textContent = `${source.local.name}: is larger than ${props.max_upload_mb} MB`;
      return;
    }
    state.source = source;
    compare.cut(50);
    pipeline.request();
  }

  const picker = Object.assign(make("input"), { type: "file", accept: "image/*", hidden: true });
  picker.addEventListener("change", () => {
    if (picker.files[0]) open({ local: picker.files[0] });
    picker.value = "";
  });
  const choose = button({ name: "open", label: "Open a photo", text: "Open a photo",
    tip: "Or drop one on the page" });
  choose.addEventListener("click", () => picker.click());
  acceptDrops(root, (file) => open({ local: file }));

  const strength = buildStrength(props.max_strength, (value, done) => {
    state.strength = value;
    // Until the exact picture is there; saturation is close to what the server does in Lab.
    const ratio = state.shownStrength > 0.05 ? value / state.shownStrength : 1;
    compare.after.style.filter = ratio === 1 ? "" : `saturate(${ratio})`;
    if (done) pipeline.request();
  });

  const save = button({ name: "download", label: "Save the photo in colour", text: "Save",
    tip: "As PNG, at full size", classes: "st-primary st-out" });
  function finishSaving() {
    state.saving = false;
    save.disabled = false;
    save.classList.remove("st-busy");
    if (state.strength !== state.shownStrength) pipeline.request();
  }
  save.addEventListener("click", () => {
    state.saving = true;
    save.disabled = true;
    save.classList.add("st-busy");
    pipeline.request();
  });

  const examples = make("div", "st-thumbs");
  for (const { name, title, url } of props.examples) {
    const thumb = Object.assign(make("button", "st-thumb"), { type: "button" });
    thumb.setAttribute("aria-label", title);
    thumb.dataset.tip = title;
    thumb.append(Object.assign(new Image(), { src: new URL(url, document.baseURI).href, alt: "" }));
    thumb.addEventListener("click", () => open({ example: name }));
    examples.append(thumb);
  }
  const controls = make("div", "st-bar");
  controls.append(choose, strength, save, picker);
  const shelf = make("div", "st-shelf");
  shelf.append(Object.assign(make("span", "st-caption"), { textContent: "Or try" }), examples);
  root.replaceChildren(stage, caption, controls, shelf);
  if (darkroom.first) darkroom.receive(darkroom.first);
}

function make(tag, className = "") {
  return Object.assign(document.createElement(tag), { className });
}

/** `onChange(value, done)`: while the hand moves, and when it has let go. */
function buildStrength(max, onChange) {
  const box = make("label", "st-strength");
  const input = Object.assign(make("input"), {
    type: "range", min: 0, max: max * 100, step: 5, value: 100,
  });
  const shown = Object.assign(make("output"), { textContent: "100%" });
  const emit = (done) => {
    shown.textContent = `${input.value}%`;
    onChange(Number(input.value) / 100, done);
  };
  input.addEventListener("input", () => emit(false));
  input.addEventListener("change", () => emit(true));
  box.append(Object.assign(make("span"), { textContent: "Strength" }), input, shown);
  return box;
}

function acceptDrops(root, onFile) {
  const isFile = (event) => event.dataTransfer?.types.includes("Files") && root.offsetParent !== null;
  document.addEventListener("dragover", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    root.classList.add("st-dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) root.classList.remove("st-dropping");
  });
  document.addEventListener("drop", (event) => {
    root.classList.remove("st-dropping");
    if (!isFile(event)) return;
    event.preventDefault();
    if (event.dataTransfer.files[0]) onFile(event.dataTransfer.files[0]);
  });
}
