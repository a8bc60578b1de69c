// Undo and redo of a label map. No DOM: runs under Node too.

import { UndoStack } from "../core/undo_stack.js";
import { difference, putPiece } from "./label_map.js";

/** Steps are patches, so that one takes only as much memory as the box that it changed. */
export class MapHistory {
  #stack;

  constructor(shape, limit) {
    this.shape = shape;
    this.#stack = new UndoStack(limit);
  }

  get canUndo() { return this.#stack.canUndo; }
  get canRedo() { return this.#stack.canRedo; }
  get last() { return this.#stack.last; }

  /**
   * Records the step between two maps, and that between two states `looks`: { before, after } where they
   * changed. Returns false where nothing did.
   */
  commit(before, after, looks = null) {
    const patch = difference(before, after, this.shape);
    if (!patch && !looks) return false;
    this.#stack.push({ ...patch, looks });
    return true;
  }

  /** Records the step from one sheet { map, shape, looks } to another of another shape. */
  commitSheet(before, after) {
    this.#stack.push({ sheets: { before, after } });
    this.shape = after.shape;
  }

  /** Like `commit`, in place of the last step, so that both are undone together. */
  recommit(before, after) {
    const patch = difference(before, after, this.shape);
    this.#stack.replaceLast(patch);
    return patch !== null;
  }

  /**
   * Reverts the last step on the map. Returns false where there is none; the sheet { map, shape, looks } where it
   * was a step from one of another shape, { looks } where it changed them, else true.
   */
  undo(map) { return this.#apply(map, this.#stack.undo(), "before"); }

  /** Repeats the step that was undone last. Returns as `undo` does. */
  redo(map) { return this.#apply(map, this.#stack.redo(), "after"); }

  #apply(map, patch, side) {
    if (!patch) return false;
    if (patch.sheets) {
      this.shape = patch.sheets[side].shape;
      return patch.sheets[side];
    }
    const { left, top, width, height } = patch;
    if (patch[side]) putPiece(map, this.shape, { width, height, ids: patch[side] }, left, top);
    return patch.looks ? { looks: patch.looks[side] } : true;
  }
}
