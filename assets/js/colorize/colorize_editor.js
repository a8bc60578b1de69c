// Edits the photo on show: its hints, strength and other settings, and requests its previews.

import { HintMarkers } from "./hint_markers.js";
import { addHint, moveHint, recolorHint, removeHint } from "./hints.js";
import { settingsOf } from "./photo.js";
import { HIGH } from "./request_queue.js";

const SHARP_AFTER_MS = 250; // without a change
const BUSY_AFTER_MS = 300;

export class ColorizeEditor {
  /**
   * `on`: onMessage(message); onChange() after every change; onNotes() when the photo's notes
   * changed; onPicture(strokes) when a picture with these strokes is on screen; onStrength(value) while the slider moves; onRest(photo) when the visitor pauses;
   * onChoose() to choose a colour by keys.
   */
  constructor({ root, stage, compare, client, maxHints, ...on }) {
    Object.assign(this, { root, stage, compare, client, maxHints, ...on });
    this.current = null; // the photo on show
    this.color = null; // of the next hint
    this.version = 0; // counts changes of the settings
    this.pending = 0; // requests
    this.markers = new HintMarkers((event) => compare.locate(event), {
      select: (at) => this.select(at),
      move: (at, x, y, tag) => this.change((hints) => moveHint(hints, at, x, y), tag),
      remove: (at) => this.remove(at),
      choose: () => this.onChoose(),
    });
    compare.node.append(this.markers.node);
  }

  get hidden() { return this.root.classList.contains("st-hints-hidden"); }
  get hints() { return this.current?.history.value ?? []; }

  /** Sets the photo whose picture is on screen now. */
  showAs(photo) {
    this.current = photo;
    this.version += 1;
    this.shownVersion = this.version;
    this.noteSettings({ ...photo, hints: photo.history.value });
  }

  showMarkers() { this.markers.show(this.hints, this.current?.selected ?? -1); }

  /** Adds a hint at a point in 0..1 of the photo, and shows hidden ones. */
  tap(x, y) {
    if (!this.current) return;
    if (this.hidden) this.toggle();
    this.add(x, y);
  }

  add(x, y, focus = false) {
    if (!this.current || this.current.history.value.length >= this.maxHints) return;
    this.current.selected = this.current.history.value.length;
    // A hint without a colour and its first colour are one step.
    const tag = this.color ? null : `color ${this.current.selected}`;
    this.change((hints) => addHint(hints, x, y, this.color), tag);
    if (focus || !this.color) this.markers.focus(this.current.selected);
  }

  /** Sets the colour of the selected hint and of the next ones. */
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

  /** Replaces the hints by `act(hints)`; consecutive changes with one tag are undone together. */
  change(act, tag = null) {
    const { history } = this.current;
    history.push(act(history.value), tag);
    this.refresh();
  }

  /** `name`: "undo" or "redo". */
  step(name) {
    const { history } = this.current;
    const before = history.value;
    history[name]();
    if (history.value === before) return;
    this.current.selected = Math.min(this.current.selected, history.value.length - 1);
    this.refresh();
  }

  /** Shows or hides the hints. */
  toggle() {
    this.root.classList.toggle("st-hints-hidden");
    this.onChange();
  }

  /** Changes some settings of the photo. */
  set(settings) {
    Object.assign(this.current, settings);
    this.refresh();
  }

  /** `isFinal`: the slider was released. */
  setStrength(strength, isFinal) {
    // An approximation until the picture comes: saturation is close to scaling a and b in Lab.
    const ratio = this.shownStrength > 0.05 ? strength / this.shownStrength : 1;
    this.compare.after.style.filter = ratio === 1 ? "" : `saturate(${ratio})`;
    this.onStrength(strength);
    if (isFinal) this.set({ strength });
  }

  /** Requests a quick picture at once, and the sharp one when the visitor pauses. */
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
    const busy = this.showBusy();
    try {
      const answer = await this.client.ask(photo, { kind, ...settings }, { name: "look", priority: HIGH });
      const isNewest = () => photo === this.current && version >= this.shownVersion;
      if (!answer || !await this.compare.show({ after: answer.after }, isNewest)) return;
      this.shownVersion = version;
      this.missed = false;
      this.noteSettings(settings);
      photo.changed = answer.changed ?? null;
      this.onPicture(settings.strokes);
      if (!this.hasFailed && answer.notes.join() === photo.notes.join()) return;
      photo.notes = answer.notes;
      this.hasFailed = false; // the notes replace the message
      this.onNotes();
    } catch (error) {
      this.missed = error.isTransient === true; // see retryFailed()
      this.hasFailed = true;
      this.onMessage(error.message);
    } finally {
      busy.done();
    }
  }

  /** The network is back: requests the picture again where that failed. */
  retryFailed() {
    if (this.missed && this.current) this.refresh();
    this.missed = false;
  }

  /** Notes the settings of the picture on screen. */
  noteSettings({ strength, hints, size }) {
    this.shownStrength = strength;
    this.compare.after.style.filter = "";
    Object.assign(this.root.dataset, { strength, hints: hints.length, size });
  }

  /** Shows after a moment that the tab is busy, until `done()` of the result is called. */
  showBusy() {
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
}
