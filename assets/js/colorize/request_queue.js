// What the Colourise tab asks of the server: one wish at a time, the most urgent first.

import { whyOutOfReach } from "../core/responses.js";

const GIVE_UP_MS = 180_000;

export const URGENT = 2; // a hand waits
export const SOON = 1; // someone waits
export const WHENEVER = 0;

export class Requests {
  #waiting = [];
  #current = null;
  #id = 0;

  /** `send(payload)` hands one on; the answer comes to `receive`. No DOM: runs under Node too. */
  constructor(send) { this.send = send; }

  /**
   * The answer to a wish. Of wishes with one `name` the newest wins: an older one that was not sent
   * yet gets null. One under way gets its answer: a moving hand sees pictures all the way.
   */
  ask(payload, { name = null, urgency = WHENEVER } = {}) {
    return new Promise((resolve, reject) => {
      if (name !== null) this.cancel(name);
      this.#waiting.push({ payload, name, urgency, resolve, reject });
      this.#next();
    });
  }

  cancel(name) {
    const stale = (wish) => wish.name === name;
    for (const wish of this.#waiting.filter(stale)) wish.resolve(null);
    this.#waiting = this.#waiting.filter((wish) => !stale(wish));
  }

  receive(answer) {
    if (!this.#current || answer?.id !== this.#current.id) return;
    if (answer.refused) {
      this.#settle("reject", Object.assign(new Error(answer.refused), { gone: answer.gone }));
    } else this.#settle("resolve", answer);
  }

  failed(reason = "the server is busy or out of reach") {
    this.#settle("reject", Object.assign(new Error(reason), { mayPass: true }));
  }

  #next() {
    if (this.#current || !this.#waiting.length) return;
    const most = Math.max(...this.#waiting.map((wish) => wish.urgency));
    const wish = this.#waiting.find(({ urgency }) => urgency === most);
    this.#waiting.splice(this.#waiting.indexOf(wish), 1);
    this.#id += 1;
    wish.id = this.#id;
    wish.timer = setTimeout(() => this.failed(), GIVE_UP_MS);
    this.#current = wish;
    this.send({ ...wish.payload, id: wish.id });
  }

  #settle(how, value) {
    const wish = this.#current;
    if (!wish) return;
    clearTimeout(wish.timer);
    this.#current = null;
    wish[how](value);
    this.#next();
  }
}

const post = { deliver: null, first: null };

/** The part of the page that the server's answers come to. */
export function mountPrint({ props, watch }) {
  const deliver = () => {
    if (post.deliver) post.deliver(props.value);
    else post.first = props.value;
  };
  watch("value", deliver);
  deliver();
}

/** `first(value)` gets what the page came with, all else goes to the requests. */
export function receiveFrom(requests, first) {
  post.deliver = (value) => (value?.kind === "first" ? first(value) : requests.receive(value));
  window.addEventListener("studio:colorize-failed", async () => {
    requests.failed(await whyOutOfReach() ?? undefined);
  });
  if (post.first) post.deliver(post.first);
}
