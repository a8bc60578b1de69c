// Requests of the Colourise tab to the server: one in flight, by priority.

import { explainOutage } from "../core/responses.js";

const GIVE_UP_MS = 180_000;

// Priorities
export const HIGH = 2; // interactive: a slider moves, a photo is opened
export const NORMAL = 1; // the visitor waits for it
export const LOW = 0; // background work

export class RequestQueue {
  #waiting = [];
  #current = null;
  #id = 0;

  /** `send(payload)` hands one on; the answer comes to `receive`. No DOM: runs under Node too. */
  constructor(send) { this.send = send; }

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

  cancel(name) {
    const stale = (request) => request.name === name;
    for (const request of this.#waiting.filter(stale)) request.resolve(null);
    this.#waiting = this.#waiting.filter((request) => !stale(request));
  }

  receive(answer) {
    if (!this.#current || answer?.id !== this.#current.id) return;
    if (answer.refused) {
      this.#settle("reject", Object.assign(new Error(answer.refused), { gone: answer.gone }));
    } else this.#settle("resolve", answer);
  }

  failed(reason = "the server is busy or out of reach") {
    this.#settle("reject", Object.assign(new Error(reason), { isTransient: true }));
  }

  #next() {
    if (this.#current || !this.#waiting.length) return;
    const most = Math.max(...this.#waiting.map((request) => request.priority));
    const request = this.#waiting.find(({ priority }) => priority === most);
    this.#waiting.splice(this.#waiting.indexOf(request), 1);
    this.#id += 1;
    request.id = this.#id;
    request.timer = setTimeout(() => this.failed(), GIVE_UP_MS);
    this.#current = request;
    this.send({ ...request.payload, id: request.id });
  }

  #settle(how, value) {
    const request = this.#current;
    if (!request) return;
    clearTimeout(request.timer);
    this.#current = null;
    request[how](value);
    this.#next();
  }
}

const post = { deliver: null, first: null };

/** The part of the page that the server's answers come to. */
export function mountResultChannel({ props, watch }) {
  const deliver = () => {
    if (post.deliver) post.deliver(props.value);
    else post.first = props.value;
  };
  watch("value", deliver);
  deliver();
}

/** `first(value)` gets what the page came with, all else goes to the requests. */
export function connectResultChannel(requests, first) {
  post.deliver = (value) => (value?.kind === "first" ? first(value) : requests.receive(value));
  window.addEventListener("studio:colorize-failed", async () => {
    requests.failed(await explainOutage() ?? undefined);
  });
  if (post.first) post.deliver(post.first);
}
