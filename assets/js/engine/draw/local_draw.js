// The engine of a drawing tab of the static page: its pictures are made in the page's worker.

const PICTURE_NAME = (fileName, { style, seed }) => `${fileName}-${style ? "styled" : seed}`;

export class LocalDraw {
  #running = null; // the picture being made: a promise
  #waiting = null; // the newest picture that waits: { drawing, resolve }
  #hasFailed = false; // another try by itself would not help

  /** `call(method, args)` calls a method of worker.js. */
  constructor(call, tab, fileName) { Object.assign(this, { call, tab, fileName }); }

  /**
   * As `fetchPicture` of draw_client.js. One picture is made at a time; of those that wait for it the newest
   * is made, and thumbnails and large pictures only where nothing waits, and the last picture could be made.
   */
  async draw(drawing) {
    if (drawing.thumbnail || (drawing.large && drawing.format === "jpeg")) {
      return this.#running || this.#hasFailed ? null : this.#make(drawing);
    }
    if (!this.#running) return this.#make(drawing);
    this.#waiting?.resolve(null); // superseded
    return new Promise((resolve, reject) => { this.#waiting = { drawing, resolve, reject }; });
  }

  async encodeLabelImage(drawing) {
    const blob = await this.call("encodeLabelImage", { tab: this.tab, ...drawing });
    return { blob, name: `${this.fileName}-labels`, notice: "" };
  }

  /** The packed ids of a made-up facade { seed, width, height }. */
  makeFacade(facade) { return this.call("makeFacade", { tab: this.tab, ...facade }); }

  /** As `sendFile` of draw_client.js. */
  async read(action, file, { maxMegabytes }) {
    if (file.size > maxMegabytes * 2 ** 20) throw new Error(`${file.name}: is larger than ${maxMegabytes} MB`);
    if (!file.size) throw new Error(`${file.name}: is empty (0 bytes)`);
    return this.call("readFile", { tab: this.tab, action, file, name: file.name });
  }

  async #make(drawing) {
    const picture = this.call("draw", { tab: this.tab, ...drawing });
    this.#running = picture;
    try {
      const blob = await picture;
      this.#hasFailed = false;
      return { blob, name: PICTURE_NAME(this.fileName, drawing), notice: "" };
    } catch (error) {
      this.#hasFailed = !error.isTransient;
      throw error;
    } finally {
      this.#running = null;
      this.#next();
    }
  }

  #next() {
    if (!this.#waiting) return;
    const { drawing, resolve, reject } = this.#waiting;
    this.#waiting = null;
    this.#make(drawing).then(resolve, reject);
  }
}
