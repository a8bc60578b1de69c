// Edits the photo on show: its hints, strength and working size, and requests its previews.

import { settingsOf } from "./batch.js";
import { HintMarkers } from "./hint_markers.js";
import { addHint, moveHint, recolorHint, removeHint } from "./hints.js";
import { keyOf } from "../canvas/keyboard_layout.js";
import { HIGH } from "./request_queue.js";

const SHARP_AFTER_MS = 250; // a hand that rests
const BUSY_AFTER_MS = 300;

export class ColorizeEditor {
  /**
   * `on`: say(words), onChange() after every change, onNotes() when the
   * photo's notes are others, onStrength(value) while the slider moves,
   * onRest(photo) when the hand rests, onChoose() to choose a colour by keys.
   */
  constructor({ root, stage, compare, client, maxHints, ...on }) {
    Object.assign(this, { root, stage, compare, client, maxHints, ...on });
    this.current = null; // the photo on show
    this.color = null; // of the next hint
    this.version = 0; // of the settings
    this.pending = 0;
    this.markers = new HintMarkers((event) => compare.locate(event), {
      select: (at) => this.select(at),
      move: (at, x, y, tag) => this.change((hints) => moveHint(hints, at, x, y), tag),
      remove: (at) => this.remove(at),
      choose: () => this.onChoose(),
    });
    compare.node.append(this.markers.node);
    document.addEventListener("keydown", (event) => this.key(event));
  }

  get hidden() { return this.root.classList.contains("st-hints-hidden"); }
  get hints() { return this.current?.history.value ?? []; }

  /** Its picture is on screen now. */
  showAs(photo) {
    this.current = photo;
    this.version += 1;
    this.shownVersion = this.version;
    this.noteSettings(photo.strength, photo.history.value.length, photo.size);
  }

  showMarkers() { this.markers.show(this.hints, this.current?.selected ?? -1); }

  tap(x, y) {
    if (!this.current) return;
    if (this.hidden) this.toggle();
    this.add(x, y);
  }

  add(x, y, focus = false) {
    if (!this.current || this.current.history.value.length >= this.maxHints) return;
    this.current.selected = this.current.history.value.length;
    // Its first colour will be the same step.
    const tag = this.color ? null : `color ${this.current.selected}`;
    this.change((hints) => addHint(hints, x, y, this.color), tag);
    if (focus || !this.color) this.markers.focus(this.current.selected);
  }

  pick(color) {
    this.color = color;
    const { selected, history } = this.current;
    if (history.value[selected] && history.value[selected].color !== color) {
      this.change((hints) => recolorHint(hints, selected, color), `color ${selected}`);
    } else this.onChange();
  }

  select(at) {
    this.current.selected = at;
    this.color = this.current.history.value[at]?.color ?? this.color;
    this.onChange();
  }

  remove(at) {
    if (!this.current?.history.value[at]) return;
    const hadFocus = this.markers.node.contains(document.activeElement);
    this.current.selected = Math.min(at, this.current.history.value.length - 2);
    this.change((hints) => removeHint(hints, at));
    if (hadFocus) this.markers.focus(this.current.selected);
  }

  change(act, tag = null) {
    const { history } = this.current;
    history.go(act(history.value), tag);
    this.refresh();
  }

  step(name) {
    const { history } = this.current;
    const before = history.value;
    history[name]();
    if (history.value === before) return;
    this.current.selected = Math.min(this.current.selected, history.value.length - 1);
    this.refresh();
  }

  toggle() {
    this.root.classList.toggle("st-hints-hidden");
    this.onChange();
  }

  set(settings) {
    Object.assign(this.current, settings);
    this.refresh();
  }

  setStrength(strength, done) {
    // Until the exact picture is there; saturation is close to what the server does in Lab.
    const ratio = this.shownStrength > 0.05 ? strength / this.shownStrength : 1;
    this.compare.after.style.filter = ratio === 1 ? "" : `saturate(${ratio})`;
    this.onStrength(strength);
    if (done) this.set({ strength });
  }

  /** A quick picture at once, and the sharp one when the hand rests. */
  refresh() {
    this.version += 1;
    this.onChange();
    this.#picture("quick");
    clearTimeout(this.sharpTimer);
    this.sharpTimer = setTimeout(() => {
      this.#picture("preview");
      this.onRest(this.current);
    }, SHARP_AFTER_MS);
  }

  async #picture(kind) {
    const [photo, version, settings] = [this.current, this.version, settingsOf(this.current)];
    const busy = this.wait();
    try {
      const answer = await this.client.ask(photo, { kind, ...settings }, { name: "look", priority: HIGH });
      const isNewest = () => photo === this.current && version >= this.shownVersion;
      if (!answer || !await this.compare.show({ after: answer.after }, isNewest)) return;
      this.shownVersion = version;
      this.missed = false;
      this.noteSettings(settings.strength, settings.hints.length, settings.size);
      if (answer.notes.join() === photo.notes.join()) return;
      photo.notes = answer.notes;
      this.onNotes();
    } catch (error) {
      this.missed = error.isTransient === true; // it is asked for again: see catchUp()
      this.say(error.message);
    } finally {
      busy.done();
    }
  }

  /** There is a network again. */
  catchUp() {
    if (this.missed && this.current) this.refresh();
    this.missed = false;
  }

  /** What the picture on screen was made with. */
  noteSettings(strength, hints, size) {
    this.shownStrength = strength;
    this.compare.after.style.filter = "";
    Object.assign(this.root.dataset, { strength, hints, size });
  }

  wait() {
    this.pending += 1;
    const timer = setTimeout(() => this.stage.classList.add("st-busy"), BUSY_AFTER_MS);
    return {
      done: () => {
        clearTimeout(timer);
        this.pending -= 1;
        if (!this.pending) this.stage.classList.remove("st-busy");
      },
    };
  }


  key(event) {
    if (this.root.offsetParent === null || document.querySelector("dialog[open]")) return;
    if (!this.current || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = keyOf(event);
    if (key === "z") this.step(event.shiftKey ? "redo" : "undo");
    else if (key === "y") this.step("redo");
    else return;
    event.preventDefault();
  }
}
