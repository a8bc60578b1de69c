// The static page: opens its tabs, and lets a worker make their pictures.

import { urlOf } from "../core/base_url.js";
import { showNotice } from "../core/dialog.js";
import { h } from "../core/dom.js";
import { registerEngine } from "../core/engines.js";
import { mountHeader } from "../core/header.js";
import { nextTask } from "../core/next_task.js";
import { requestedTab } from "../core/tab_routing.js";
import { unsupported } from "./browser_support.js";
import { LocalPhotos } from "./colorize/local_photos.js";
import { LocalDraw } from "./draw/local_draw.js";
import { isProblemShown, showDownloads, showProblem } from "./downloads.js";
import { LocalImages } from "./image/local_images.js";
import { WorkerClient } from "./worker_client.js";

const facts = JSON.parse(document.getElementById("st-facts").textContent);
const client = new WorkerClient(new URL("./worker.js", import.meta.url));
const query = new URLSearchParams(location.search);
const opened = new Map(); // promises, by the name of the tab
const REOPEN_MS = 1000;

function start() {
  if (document.documentElement.classList.contains("st-starts-dark")) document.body.classList.add("dark");
  if (query.has("embed")) embed();
  const places = { runtime: urlOf(facts.runtime), models: urlOf(facts.models) };
  client.prepare("start", { ...places, webgpu: query.get("webgpu") ?? "auto" });
  client.onProgress(showDownloads);
  showProblem("browser", unsupported());
  mountHeader({ element: document.querySelector(".studio-header"), props: {
    tabs: facts.tabs.map(({ name, title }) => [name, title]),
  } });
  const buttons = [...document.querySelectorAll("[role=tab]")];
  for (const button of buttons) {
    button.addEventListener("click", () => choose(button));
    button.addEventListener("keydown", (event) => moveBetween(buttons, button, event));
  }
  const asked = requestedTab();
  choose(buttons.find(({ dataset }) => dataset.tabId === asked) ?? buttons[0]);
  window.addEventListener("online", () => reopen(buttons));
  keepForOffline();
}

/** Opens the chosen tab if it is not open; tries again, as an import may share the failure of an earlier one. */
function reopen(buttons, tries = 3) {
  const button = buttons.find(({ ariaSelected }) => ariaSelected === "true");
  choose(button);
  opened.get(button.dataset.tabId).catch(() => {
    if (tries > 1) setTimeout(() => reopen(buttons, tries - 1), REOPEN_MS);
  });
}

/** Shows the tab of a button; its parts are made at the first time. */
function choose(button) {
  for (const other of document.querySelectorAll("[role=tab]")) {
    const isChosen = other === button;
    other.ariaSelected = String(isChosen);
    other.setAttribute("aria-selected", String(isChosen));
    other.tabIndex = isChosen ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !isChosen;
  }
  const name = button.dataset.tabId;
  if (opened.has(name)) return;
  const tab = openTab(facts.tabs.find((other) => other.name === name));
  opened.set(name, tab);
  tab.then(() => showProblem(`tab ${name}`, ""), (error) => { // a script did not come
    console.error(error);
    opened.delete(name);
    showProblem(`tab ${name}`, `The tab ${button.textContent} could not be loaded: please reload the page. Drawings are kept.`);
  });
}

function moveBetween(buttons, button, event) {
  const at = buttons.indexOf(button);
  const places = { ArrowRight: at + 1, ArrowLeft: at - 1 + buttons.length, Home: 0, End: buttons.length - 1 };
  if (!(event.key in places)) return;
  event.preventDefault();
  const next = buttons[places[event.key] % buttons.length];
  choose(next);
  next.focus();
}

/** Calls a method of the worker; its error says whether the page shows it already. */
const call = (method, args, transfer) => client.call(method, args, transfer).catch((error) => {
  throw Object.assign(error, { isShown: isProblemShown(error.message) });
});

/** Loads the model of a tab before it is needed; but not in a page of which this one is a small part. */
function warm(tab) {
  if (query.has("embed") || navigator.connection?.saveData) return;
  call("warm", { tab }).catch(() => {}); // the page shows why
}

/** Give a tab its engine, by the kind that the builder names; return further arguments of its parts. */
const ENGINES = {
  draw({ name, models, parts: [{ props }] }) {
    const { kind, width, height, classes, file_name: fileName } = props;
    registerEngine(props.api, new LocalDraw(call, name, fileName));
    client.prepare("openDrawTab", { tab: name, models, canvas: { kind, width, height, classes, fileName } });
    warm(name);
    return [];
  },
  image({ name, models, parts: [{ props }] }) {
    registerEngine(props.api, new LocalImages(call, name, absolute(props).examples));
    client.prepare("openImageTab", { tab: name, models });
    warm(name);
    return [];
  },
  colorize({ name, models }) {
    client.prepare("openColorizeTab", { tab: name, models });
    return [({ max_upload_mb: maxMegabytes }, onProgress) => new LocalPhotos(
      (method, args) => call("colorize", { tab: name, method, args }), maxMegabytes, onProgress,
    )];
  },
};

/**
 * Makes the parts of a tab, each in a task of its own. A part that fails leaves the others as they are; rejects
 * where a script is missing.
 */
async function openTab(tab) {
  const modules = await Promise.all(tab.parts.map(({ module }) => import(urlOf(`${assetsPath()}js/${module}`))));
  const panel = document.getElementById(`panel-${tab.name}`);
  const further = ENGINES[tab.engine](tab);
  for (const [i, part] of tab.parts.entries()) {
    const element = panel.querySelector(`[data-part="${part.name}"]`);
    await nextTask();
    Promise.resolve().then(() => modules[i][part.function]({ element, props: absolute(part.props) }, ...further))
      .catch((error) => { console.error(error); showNotice(element, error.message); });
  }
  panel.dataset.ready = "true";
}

const assetsPath = () => new URL("../../", import.meta.url).href;

/** The props with the addresses of examples, which are relative to the page, as whole ones. */
function absolute(props) {
  if (!props.examples) return props;
  return { ...props, examples: props.examples.map((example) => ({ ...example, url: urlOf(example.url) })) };
}

/** In a frame of another page: the sheet and its picture alone, with a link to the whole. */
function embed() {
  document.documentElement.classList.add("st-embedded");
  const whole = new URL(location.href);
  whole.searchParams.delete("embed");
  const options = { href: whole.href, target: "_blank", rel: "noopener", class: "st-whole" };
  document.body.append(h("a", options, "Open the studio"));
}

/** Keeps the page for use without a network. A browser may refuse it: a private window, or no HTTPS. */
function keepForOffline() {
  try {
    navigator.serviceWorker?.register(urlOf("sw.js")).catch(() => {});
  } catch {
    // a frame without an origin
  }
}

start();
