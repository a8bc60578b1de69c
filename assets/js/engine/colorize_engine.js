// The worker's side of a Colourise tab of the static page.

import { BrowserColorizer } from "./colorize/colorizer.js";
import { readWeights } from "./colorize/negative.js";
import { BrowserRestorer } from "./colorize/restorer.js";
import { ColorizeService } from "./colorize/service.js";

export class ColorizeEngine {
  #service = null;

  #restorer = null;

  /** `restorer` is null in a page without a model that removes scratches. */
  constructor(store, { generator, restorer = null }) { Object.assign(this, { store, model: generator, restorer }); }

  /** As `ColorizeService.handle`; the model is loaded at the first call. */
  async handle(method, args) {
    this.#service ??= this.#open();
    this.#service.catch(() => { this.#service = null; });
    return (await this.#service).handle(method, args);
  }

  async #open() {
    const [run, weights] = await Promise.all([
      this.store.open(this.model),
      this.store.fetchBytes("negative.npz").then(readWeights),
    ]);
    const colorizer = new BrowserColorizer(run, this.model.config, weights);
    return new ColorizeService(colorizer, undefined, this.restorer && (() => this.#findRestorer()));
  }

  /** The BrowserRestorer; its model is loaded at the first call. */
  #findRestorer() {
    this.#restorer ??= this.store.open(this.restorer)
      .then((run) => new BrowserRestorer(run, this.restorer.config));
    this.#restorer.catch(() => { this.#restorer = null; });
    return this.#restorer;
  }
}
