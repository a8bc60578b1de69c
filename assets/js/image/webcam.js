// A photo by the camera of the visitor: seen on the page first, sent only when it is taken.

import { button } from "../core/icons.js";

/** `button` opens `node`, where the camera's picture is and a button that takes it. */
export function buildWebcam(take) {
  const opener = button({ name: "camera", label: "Camera", text: "Camera", tip: "Take a photo" });
  opener.hidden = !navigator.mediaDevices?.getUserMedia; // only over https, or on this machine
  const node = Object.assign(document.createElement("div"), { className: "st-webcam", hidden: true });
  const video = Object.assign(document.createElement("video"), {
    autoplay: true, muted: true, playsInline: true,
  });
  const words = Object.assign(document.createElement("p"), { className: "st-caption" });
  words.setAttribute("role", "status");
  const shoot = button({ name: "camera", label: "Take the photo", text: "Take the photo",
    classes: "st-primary" });
  const close = button({ name: "drop", label: "Close the camera" });
  const bar = Object.assign(document.createElement("div"), { className: "st-bar" });
  bar.append(shoot, close);
  node.append(video, words, bar);
  let stream = null;

  function stop() {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    video.srcObject = null;
    node.hidden = true;
    opener.focus();
  }

  async function start() {
    words.textContent = "";
    node.hidden = false;
    shoot.disabled = true;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
      if (node.hidden) return stop(); // closed while the browser was asking
      video.srcObject = stream;
      await video.play();
      shoot.disabled = false;
      shoot.focus();
    } catch (error) {
      words.textContent = `The camera cannot be used (${error.message || error.name})`;
    }
  }

  opener.addEventListener("click", () => (node.hidden ? start() : stop()));
  close.addEventListener("click", stop);
  node.addEventListener("keydown", (event) => { if (event.key === "Escape") stop(); });
  shoot.addEventListener("click", () => {
    const canvas = Object.assign(document.createElement("canvas"), {
      width: video.videoWidth, height: video.videoHeight,
    });
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => {
      stop();
      take(new File([blob], "camera.png", { type: "image/png" }));
    }, "image/png");
  });
  return { button: opener, node };
}
