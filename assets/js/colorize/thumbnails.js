// Colours the thumbnails of photos in the background, one after the other.

import { LOW } from "./request_queue.js";

export class ThumbnailQueue {
  #last = Promise.resolve();

  /**
   * `request(photo, options)` resolves to { thumb }; `isOpen(photo)` says whether it is still wanted;
   * `mark(photo, state, reason)` sets its state; `onDone(photo)` is called after each.
   */
  constructor(callbacks) { Object.assign(this, callbacks); }

  /** Adds a photo. */
  add(photo) {
    this.#last = this.#last.then(async () => {
      if (!this.isOpen(photo) || photo.state === "failed") return;
      this.mark(photo, "working");
      try {
        photo.thumb = (await this.request(photo, { priority: LOW })).thumb;
        this.mark(photo, "done");
      } catch (error) {
        this.mark(photo, "failed", error.message);
        photo.isTransient = error.isTransient;
      }
      this.onDone(photo);
    });
  }
}
