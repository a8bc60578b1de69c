// Keeps one request under way, two for a moment, and always ends on the newest state.

const SHOW_WAITING_MS = 300;
const GIVE_UP_MS = 20000;
const REST_MS = 500; // after a failure

export class Pipeline {
  /**
   * `send(id)` sends the state as it is when it is called; `onWaiting(bool)` shows a long wait,
   * `onFailure(error)` tells why the newest could not be sent.
   */
  constructor({ send, onWaiting, onFailure = () => {} }) {
    this.send = send;
    this.onWaiting = onWaiting;
    this.onFailure = onFailure;
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
    const { id } = this;
    Promise.resolve(this.send(id)).catch((error) => {
      if (id !== this.id) return; // a newer one is under way
      this.onFailure(error);
      this.hurried = true; // nor does a moving hand ask again at once
      setTimeout(() => this.answered(id), REST_MS);
    });
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
