// A value with undo and redo, such as the hints of a photo. No DOM: runs under Node too.

import { UndoStack } from "../core/undo_stack.js";

/** A value that is replaced, never changed in place. */
export class ValueHistory {
  #stack = new UndoStack();
  #tag = null; // of the last step

  constructor(value) { this.value = value; }

  get canUndo() { return this.#stack.canUndo; }
  get canRedo() { return this.#stack.canRedo; }

  /** Sets the value; consecutive steps with the same `tag` are undone together. */
  push(value, tag = null) {
    const before = this.value;
    if (tag !== null && tag === this.#tag) {
      this.#stack.replaceLast({ before: this.#stack.last.before, after: value });
    } else this.#stack.push({ before, after: value });
    this.#tag = tag;
    this.value = value;
  }

  undo() { this.#set(this.#stack.undo(), "before"); }
  redo() { this.#set(this.#stack.redo(), "after"); }

  #set(step, side) {
    if (!step) return;
    this.value = step[side];
    this.#tag = null;
  }
}
