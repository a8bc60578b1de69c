// Keeps one request under way, two for a moment, and always ends on the newest state: where the
// server is out of reach, that is tried again until it is there.

const SHOW_WAITING_MS = 300;
const GIVE_UP_MS = 20000;
const REST_MS = 500; // after a failure
const AGAIN_MS = 2000; // after one that may pass; twice as long each time
const AGAIN_AT_MOST_MS = 60_000;

export class LatestOnlyQueue {
  /**
   * `send(id)` sends the state as it is when it is called; `onWaiting(bool)` shows a long wait,
   * `onFailure(error)` tells why the newest could not be sent: of failures in a row with
   * `error.isTransient`, after which it is sent again by itself, the first.
   */
  constructor({ send, onWaiting, onFailure = () => {} }) {
    this.send = send;
    this.onWaiting = onWaiting;
    this.onFailure = onFailure;
    this.id = 0;
    this.inFlight = false;
    this.dirty = false;
    this.flushed = false;
    this.againAfter = 0; // milliseconds; 0: the last one did not fail, or may not pass
  }

  request() {
    clearTimeout(this.againTimer);
    this.dirty = true;
    if (!this.inFlight) this.#next();
  }

  /**
   * The hand rests: what it has done is sent at once, and the server gives up what it is at. But not
   * what was flushed itself, or quick strokes one after the other would never see a picture.
   */
  flush() {
    if (!this.inFlight || !this.dirty || this.flushed) return;
    this.#next();
    this.flushed = true;
  }

  answered(id) {
    this.againAfter = 0;
    if (id === this.id) this.#settle();
  }

  /** There is a network again: what could not be sent is not kept waiting. */
  retryNow() {
    if (this.againAfter) this.request();
  }

  failed() { this.#settle(); }

  #next() {
    this.dirty = false;
    this.inFlight = true;
    this.id += 1;
    this.waitTimer ??= setTimeout(() => this.onWaiting(true), SHOW_WAITING_MS);
    clearTimeout(this.giveUpTimer);
    this.giveUpTimer = setTimeout(() => {
      this.againAfter ||= AGAIN_MS; // the network may have gone without a word: see retryNow()
      this.#settle();
    }, GIVE_UP_MS);
    const { id } = this;
    Promise.resolve(this.send(id)).catch((error) => {
      if (id !== this.id) return; // a newer one is under way
      if (!this.againAfter || !error.isTransient) this.onFailure(error);
      this.#tryAgain(error.isTransient === true);
      this.flushed = true; // nor does a moving hand ask again at once
      setTimeout(() => { if (id === this.id) this.#settle(); }, REST_MS);
    });
  }

  #tryAgain(isTransient) {
    clearTimeout(this.againTimer);
    this.againAfter = isTransient ? Math.min(2 * this.againAfter || AGAIN_MS, AGAIN_AT_MOST_MS) : 0;
    if (isTransient) this.againTimer = setTimeout(() => this.request(), this.againAfter);
  }

  #settle() {
    if (!this.inFlight) return;
    this.inFlight = false;
    this.flushed = false;
    clearTimeout(this.giveUpTimer);
    clearTimeout(this.waitTimer);
    this.waitTimer = undefined;
    this.onWaiting(false);
    if (this.dirty) this.#next();
  }
}
