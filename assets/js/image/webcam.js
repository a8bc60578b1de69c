// Takes a photo with the visitor's camera. The video stays on the page; only the photo is sent.

import { button, snapshot, statusLine } from "../core/controls.js";
import { h } from "../core/dom.js";

/** The `button` that opens `node`, with the video and a button to take the photo; `onPhoto(file)`. */
export function buildWebcam(onPhoto) {
  const camera = new Webcam(onPhoto);
  return { button: camera.opener, node: camera.node };
}

class Webcam {
  #stream = null;

  constructor(onPhoto) {
    this.onPhoto = onPhoto;
    this.opener = button({ name: "camera", label: "Camera", text: "Camera", tip: "Take a photo",
      onClick: () => (this.node.hidden ? this.#open() : this.#close()) });
    this.opener.hidden = !navigator.mediaDevices?.getUserMedia; // needs https or localhost
    this.video = h("video", { autoplay: true, muted: true, playsInline: true });
    this.status = statusLine();
    this.shutter = button({ name: "camera", label: "Take the photo", text: "Take the photo",
      classes: "st-primary", onClick: () => this.#shoot() });
    const close = button({ name: "drop", label: "Close the camera", onClick: () => this.#close() });
    this.node = h("div", {
      class: "st-webcam", hidden: true,
      on: { keydown: (event) => { if (event.key === "Escape") this.#close(); } },
    }, this.video, this.status, h("div", { class: "st-bar" }, this.shutter, close));
  }

  async #open() {
    this.status.textContent = "";
    this.node.hidden = false;
    this.shutter.disabled = true;
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
      if (this.node.hidden) { // closed while the browser asked for permission
        this.#close();
        return;
      }
      this.video.srcObject = this.#stream;
      await this.video.play();
      this.shutter.disabled = false;
      this.shutter.focus();
    } catch (error) {
      this.status.textContent = `The camera cannot be used (${error.message || error.name})`;
    }
  }

  #close() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.video.srcObject = null;
    this.node.hidden = true;
    this.opener.focus();
  }

  #shoot() {
    const { videoWidth: width, videoHeight: height } = this.video;
    snapshot(this.video, { width, height }).toBlob((blob) => {
      this.#close();
      this.onPhoto(new File([blob], "camera.png", { type: "image/png" }));
    }, "image/png");
  }
}
