// Requests of the Colourise tab to the server: one in flight, by priority.

import { explainOutage } from "../core/responses.js";

const GIVE_UP_MS = 180_000;

// Priorities
export const HIGH = 2; // interactive: a slider moves, a photo is opened
export const NORMAL = 1; // the visitor waits for it
export const LOW = 0; // background work

/** No DOM: runs under Node too. */
export class RequestQueue {
  #waiting = [];
  #current = null;
  #id = 0;

  /** `send(payload)` sends a request; its answer must be passed to `receive`. */
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

  /** Resolves waiting requests of this name to null. */
  cancel(name) {
    const isStale = (request) => request.name === name;
    for (const request of this.#waiting.filter(isStale)) request.resolve(null);
    this.#waiting = this.#waiting.filter((request) => !isStale(request));
  }

  /** Settles the request in flight; answers to others are ignored. */
  receive(answer) {
    if (!this.#current || answer?.id !== this.#current.id) return;
    if (answer.refused) {
      this.#settle("reject", Object.assign(new Error(answer.refused), { gone: answer.gone }));
    } else this.#settle("resolve", answer);
  }

  /** Rejects the request in flight. */
  failed(reason = "the server is busy or out of reach") {
    this.#settle("reject", Object.assign(new Error(reason), { isTransient: true }));
  }

  #next() {
    if (this.#current || !this.#waiting.length) return;
    const highest = Math.max(...this.#waiting.map(({ priority }) => priority));
    const request = this.#waiting.find(({ priority }) => priority === highest);
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

const channels = new Map(); // by tab: { deliver: function or null, first: value that came before it }

function channelOf(tabId) {
  if (!channels.has(tabId)) channels.set(tabId, { deliver: null, first: null });
  return channels.get(tabId);
}

/** The component that receives the server's answers. */
export function mountResultChannel({ props, watch }) {
  const channel = channelOf(props.tab);
  const deliver = () => {
    if (channel.deliver) channel.deliver(props.value);
    else channel.first = props.value;
  };
  watch("value", deliver);
  deliver();
}

/** `onFirst(value)` gets the value that came with the page; all others go to the queue. */
export function connectResultChannel(tabId, queue, onFirst) {
  const channel = channelOf(tabId);
  channel.deliver = (value) => (value?.kind === "first" ? onFirst(value) : queue.receive(value));
  window.addEventListener("studio:colorize-failed", async () => {
    queue.failed(await explainOutage() ?? undefined);
  });
  if (channel.first) channel.deliver(channel.first);
}
