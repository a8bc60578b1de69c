// Sends the newest state: one request in flight, two for a moment, and always a last one with the
// final state. While the server is out of reach, it retries.

const SHOW_WAITING_MS = 300;
const GIVE_UP_MS = 20000;
const REST_MS = 500; // after a failure
const RETRY_MS = 2000; // after a transient failure; doubles each time
const MAX_RETRY_MS = 60_000;

export class LatestOnlyQueue {
  /**
   * `send(id)` sends the current state; it may reject, with `error.isTransient` where retrying may
   * help. `onWaiting(bool)` shows a long wait. `onFailure(error)` reports that the newest state could
   * not be sent; of consecutive transient failures only the first is reported. With `givesUp` false, an
   * answer is waited for as long as it takes.
   */
  constructor({ send, onWaiting, onFailure = () => {}, givesUp = true }) {
    this.send = send;
    this.onWaiting = onWaiting;
    this.onFailure = onFailure;
    this.givesUp = givesUp;
    this.id = 0;
    this.inFlight = false;
    this.dirty = false;
    this.flushed = false;
    this.retryMs = 0; // until the next retry; 0: the last request did not fail transiently
  }

  /** The state changed: sends it now, or when the request in flight is answered. */
  request() {
    clearTimeout(this.retryTimer);
    this.dirty = true;
    if (!this.inFlight) this.#next();
  }

  /**
   * A stroke ended: sends the newest state at once, superseding the request in flight. But not one
   * that was flushed itself, or quick strokes in a row would never get a picture.
   */
  flush() {
    if (!this.inFlight || !this.dirty || this.flushed) return;
    this.#next();
    this.flushed = true;
  }

  /** The answer to request `id` came. */
  answered(id) {
    this.retryMs = 0;
    if (id === this.id) this.#settle();
  }

  /** The network is back: retries at once. */
  retryNow() {
    if (this.retryMs) this.request();
  }

  /** The request in flight failed for good. */
  failed() { this.#settle(); }

  #next() {
    this.dirty = false;
    this.inFlight = true;
    this.id += 1;
    this.waitTimer ??= setTimeout(() => this.onWaiting(true), SHOW_WAITING_MS);
    clearTimeout(this.giveUpTimer);
    if (this.givesUp) this.giveUpTimer = setTimeout(() => {
      this.retryMs ||= RETRY_MS; // the network may be gone: see retryNow()
      this.#settle();
    }, GIVE_UP_MS);
    const { id } = this;
    Promise.resolve(this.send(id)).catch((error) => {
      if (id !== this.id) return; // a newer one is in flight
      if (!this.retryMs || !error.isTransient) this.onFailure(error);
      this.#scheduleRetry(error.isTransient === true);
      this.flushed = true; // so that a stroke does not retry at once
      setTimeout(() => { if (id === this.id) this.#settle(); }, REST_MS);
    });
  }

  #scheduleRetry(isTransient) {
    clearTimeout(this.retryTimer);
    this.retryMs = isTransient ? Math.min(2 * this.retryMs || RETRY_MS, MAX_RETRY_MS) : 0;
    if (isTransient) this.retryTimer = setTimeout(() => this.request(), this.retryMs);
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
