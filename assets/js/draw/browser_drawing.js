// Lets this browser draw in place of the server, once it has the model and is fast enough.

import { jsonOf } from "../core/api.js";
import { urlOf } from "../core/base_url.js";
import { showNotice } from "../core/dialog.js";
import { registerEngine, removeEngine } from "../core/engines.js";
import { unsupported } from "../engine/browser_support.js";
import { LocalDraw } from "../engine/draw/local_draw.js";
import { WorkerClient } from "../engine/worker_client.js";
import { fetchServerPicture } from "./draw_client.js";

const POLL_MS = 2000; // while the server makes the files; grows by half each time
const MAX_POLL_MS = 60_000;
/** "auto": a picture in this time is live, whatever the server's takes ... */
const LIVE_MS = 250;
/** ... and a slower one is good enough where it takes at most so many times the server's. */
const MAX_RATIO = 3;
const MAX_LARGE_MS = 600; // "auto": a larger picture that takes longer is left to the server
const HUNG_MS = 15_000; // then the worker is taken for dead; before the queue gives up

let client = null; // one worker for all tabs

/**
 * Registers an engine for a drawing tab that draws in this browser. Resolves when that is decided; rejects
 * with the reason why the server goes on drawing. `props.draw_in`: "browser", or "auto" to use the browser
 * only where its pictures come soon enough.
 */
export async function drawInBrowser(studio, props) {
  const isAuto = props.draw_in === "auto";
  await whenShown(studio.canvas.frame);
  if (isAuto && navigator.connection?.saveData) throw new Error("this browser saves data");
  const lacks = unsupported();
  if (lacks) throw new Error(lacks);
  const { engine, models } = await fetchFacts(props.api);
  const local = openTab(props, engine, models);
  const drawing = () => ({ ...studio.copyPicture(), format: "jpeg" });
  await local.draw(drawing()); // loads the model
  const browserMs = await time(async () => local.draw(drawing()));
  if (isAuto && browserMs > LIVE_MS) {
    const serverMs = await time(async () => fetchServerPicture(props.api, drawing())).catch(() => Infinity);
    if (browserMs > MAX_RATIO * serverMs) {
      throw new Error(`a picture takes ${Math.round(browserMs)} ms here and ${Math.round(serverMs)} ms there`);
    }
  }
  const drawsLarge = !isAuto || browserMs * studio.large ** 2 <= MAX_LARGE_MS;
  registerEngine(props.api, new BrowserDrawing(props.api, local, drawsLarge, (error) => {
    removeEngine(props.api);
    mark(studio, "server");
    showNotice(studio.canvas.frame, `${error.message}. The server draws again, and nothing of the drawing is lost.`);
  }));
  mark(studio, "browser");
}

/** Draws in this browser, and on the server what is to be saved. */
class BrowserDrawing {
  /** `onFault(error)` is called once, where this browser could not draw. */
  constructor(api, local, drawsLarge, onFault) { Object.assign(this, { api, local, drawsLarge, onFault }); }

  /** As `fetchPicture` of draw_client.js. */
  async draw(drawing) {
    const onServer = () => fetchServerPicture(this.api, drawing);
    // The server's weights are not rounded to 8 bits. Without a network the browser's will do.
    if (!drawing.thumbnail && drawing.format === "png") return onServer().catch(() => this.local.draw(drawing));
    if (drawing.large && !this.drawsLarge) return onServer();
    try {
      return await inTime(this.local.draw(drawing), HUNG_MS);
    } catch (error) {
      this.onFault?.(error);
      this.onFault = null;
      return onServer();
    }
  }
}

function openTab({ tab, kind, width, height, classes, file_name: fileName }, engine, models) {
  if (!client) {
    client = new WorkerClient(new URL("../engine/worker.js", import.meta.url));
    client.prepare("start", { runtime: urlOf(engine.runtime), models: urlOf(engine.models) });
  }
  client.prepare("openDrawTab", { tab, models, canvas: { kind, width, height, classes, fileName } });
  return new LocalDraw((method, args) => client.call(method, args), tab, fileName);
}

/** What the engine needs of the server, once its files are made. */
async function fetchFacts(api) {
  for (let delay = POLL_MS; ; delay = Math.min(delay * 1.5, MAX_POLL_MS)) {
    const response = await fetch(urlOf(`${api}/browser`), { cache: "no-store" }).catch(() => null);
    const facts = response?.ok ? await jsonOf(response) : { state: "building" };
    if (facts.state === "ready") return facts;
    if (facts.state === "off") throw new Error("the server has no files for browsers");
    await new Promise((resolve) => { setTimeout(resolve, delay); });
  }
}

/** Resolves when the element is on the screen: a tab that nobody opens downloads nothing. */
function whenShown(element) {
  return new Promise((resolve) => {
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(element);
  });
}

/** As the promise; rejects where it has not settled in `limitMs`. */
function inTime(promise, limitMs) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("This browser takes too long for a picture")), limitMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Milliseconds that the work takes. */
async function time(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const mark = (studio, engine) => {
  if (studio.preview) studio.preview.dataset.engine = engine;
};
