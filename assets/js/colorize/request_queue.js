// Requests of the Colourise tab to the server: one in flight, by priority.

const GIVE_UP_MS = 180_000;

// Priorities
export const HIGH = 2; // interactive: a slider moves, a photo is opened
export const NORMAL = 1; // the visitor waits for it
export const LOW = 0; // background work

/** No DOM: runs under Node too. */
export class RequestQueue {
  #waiting = [];
  #current = null;

  /**
   * `send(payload)` resolves to the answer. A request is given up after `giveUpMs`, so that the next one
   * gets its turn; never where it is null.
   */
  constructor(send, { giveUpMs = GIVE_UP_MS } = {}) { Object.assign(this, { send, giveUpMs }); }

  /**
   * Resolves to the answer. A newer request with the same `name` replaces one that still waits, which
   * then resolves to null; the request in flight is always answered, so that previews keep coming
   * while a slider moves.
   */
  ask(payload, { name = null, priority = LOW } = {}) {
    return new Promise((resolve, reject) => {
      if (name !== null) this.cancel(name);
      this.#waiting.push({ payload, name, priority, resolve, reject });
      this.#next();
    });
  }

  /** Resolves waiting requests of this name to null. */
  cancel(name) {
    const isStale = (request) => request.name === name;
    for (const request of this.#waiting.filter(isStale)) request.resolve(null);
    this.#waiting = this.#waiting.filter((request) => !isStale(request));
  }

  #next() {
    if (this.#current || !this.#waiting.length) return;
    const highest = Math.max(...this.#waiting.map(({ priority }) => priority));
    const request = this.#waiting.find(({ priority }) => priority === highest);
    this.#waiting.splice(this.#waiting.indexOf(request), 1);
    this.#current = request;
    const timer = this.giveUpMs !== null && setTimeout(() => {
      const error = new Error("the server did not answer");
      this.#settle(request, "reject", Object.assign(error, { isTransient: true }));
    }, this.giveUpMs);
    this.send(request.payload).then(
      (answer) => this.#settle(request, "resolve", answer),
      (error) => this.#settle(request, "reject", error),
    ).finally(() => clearTimeout(timer));
  }

  #settle(request, how, value) {
    request[how](value);
    if (this.#current !== request) return; // it was given up
    this.#current = null;
    this.#next();
  }
}
