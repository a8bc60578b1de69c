// The engine of a tab of the static page that takes photos: its results are made in the page's worker.

export class LocalImages {
  /** `call(method, args)` calls a method of worker.js. `examples` are { name, url }. */
  constructor(call, tab, examples) { Object.assign(this, { call, tab, examples }); }

  /** As `fetchPreview` of image_client.js. */
  preview(source, options) { return this.#ask("preview", source, options); }

  /** As `fetchResult` of image_client.js. */
  result(source, options) { return this.#ask("result", source, options); }

  async #ask(method, { local, example }, { maxMegabytes }) {
    const file = local ?? await this.#fetchExample(example);
    const name = local?.name ?? example;
    if (file.size > maxMegabytes * 2 ** 20) throw new Error(`${name}: is larger than ${maxMegabytes} MB`);
    if (!file.size) throw new Error(`${name}: is empty (0 bytes)`);
    return this.call("image", { tab: this.tab, method, args: { file, name } });
  }

  async #fetchExample(name) {
    const { url } = this.examples.find((each) => each.name === name);
    const response = await fetch(url).catch(() => null);
    if (response?.ok) return response.blob();
    const reason = response ? `the server answered ${response.status}` : "there is no connection";
    throw Object.assign(new Error(`${name}: could not be loaded: ${reason}`), { isTransient: true });
  }
}
