// Undo and redo. No DOM: runs under Node too.

const LIMIT = 200; // steps; older ones are dropped

/** Steps that can be undone and redone. What a step is, is up to its user: it is returned as it came. */
export class UndoStack {
  #past = [];
  #future = [];

  constructor(limit = LIMIT) { this.limit = limit; }

  get canUndo() { return this.#past.length > 0; }
  get canRedo() { return this.#future.length > 0; }

  /** The step that `undo()` would return; undefined where there is none. */
  get last() { return this.#past.at(-1); }

  /** Adds a step; steps that were undone are forgotten. */
  push(step) {
    this.#past.push(step);
    if (this.#past.length > this.limit) this.#past.shift();
    this.#future = [];
  }

  /** Puts a step in the place of the last one, so that both are undone together; null: removes it. */
  replaceLast(step) {
    this.#past.pop();
    if (step) this.push(step);
  }

  /** The step to be undone, or undefined. */
  undo() { return this.#move(this.#past, this.#future); }

  /** The step to be done again, or undefined. */
  redo() { return this.#move(this.#future, this.#past); }

  #move(from, to) {
    const step = from.pop();
    if (step) to.push(step);
    return step;
  }
}
