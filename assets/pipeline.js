// Keeps one request under way, two for a moment, and always ends on the newest state.

const SHOW_WAITING_MS = 300;
const GIVE_UP_MS = 20000;

export class Pipeline {
  /** `send(id)` sends the state as it is when it is called; `onWaiting(bool)` shows a long wait. */
  constructor({ send, onWaiting }) {
    this.send = send;
    this.onWaiting = onWaiting;
    this.id = 0;
    this.underway = false;
    this.dirty = false;
    this.hurried = false;
  }

  request() {
    this.dirty = true;
    if (!this.underway) this.#next();
  }

  /**
   * The hand rests: what it has done is sent at once, and the server gives up what it is at. But not
   * what was hurried itself, or quick strokes one after the other would never see a picture.
   */
  hurry() {
    if (!this.underway || !this.dirty || this.hurried) return;
    this.#next();
    this.hurried = true;
  }

  answered(id) {
    if (id === this.id) this.#settle();
  }

  failed() { this.#settle(); }

  #next() {
    this.dirty = false;
    this.underway = true;
    this.id += 1;
    this.waitTimer ??= setTimeout(() => this.onWaiting(true), SHOW_WAITING_MS);
    clearTimeout(this.giveUpTimer);
    this.giveUpTimer = setTimeout(() => this.#settle(), GIVE_UP_MS);
    Promise.resolve(this.send(this.id)).catch(() => this.#settle());
  }

  #settle() {
    if (!this.underway) return;
    this.underway = false;
    this.hurried = false;
    clearTimeout(this.giveUpTimer);
    clearTimeout(this.waitTimer);
    this.waitTimer = undefined;
    this.onWaiting(false);
    if (this.dirty) this.#next();
  }
}
