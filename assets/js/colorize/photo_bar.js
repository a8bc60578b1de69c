// The bar below the photo: Open, the open photos or examples to try, and Save all.

import { urlOf } from "../core/base_url.js";
import { button, thumbnailButton } from "../core/controls.js";
import { h } from "../core/dom.js";
import { buildFilePicker } from "../core/file_input.js";
import { buildMenu } from "../core/menu.js";
import { buildFilmstrip } from "./filmstrip.js";

const ACCEPTED = "image/*,.tif,.tiff,.json";

/**
 * `on`: files(list), example(example), open(photo), remove(photo), saveAll(format), cancel(). Returns
 * its `node` and `show(photos, current, isSaving)`.
 */
export function buildPhotoBar(props, on) {
  const picker = buildFilePicker({ name: "open", label: "Open photos", text: "Open photos",
    tip: "Or drop them on the page" }, on.files, { accept: ACCEPTED, multiple: true });
  const invitation = h("span", { class: "st-caption" }, "Or try");
  const examples = h("div", { class: "st-thumbs" }, props.examples.map((example) => thumbnailButton({
    label: example.title, tip: example.title, picture: h("img", { src: urlOf(example.url), alt: "" }),
    onClick: () => on.example(example),
  })));
  const filmstrip = buildFilmstrip(on);
  const all = buildMenu({ name: "download", label: "Save all", text: "Save all" }, [
    ["All as PNG", "in a ZIP file", () => on.saveAll("png")],
    ["All as JPEG", "in a ZIP file", () => on.saveAll("jpeg")],
  ]);
  const cancel = button({ name: "drop", label: "Cancel", text: "Cancel", onClick: on.cancel });

  function show(photos, current, isSaving) {
    const any = photos.length > 0;
    invitation.hidden = any;
    examples.hidden = any;
    filmstrip.node.hidden = !any;
    all.hidden = photos.length < 2 || isSaving;
    cancel.hidden = !isSaving;
    filmstrip.show(photos, current);
  }
  show([], null, false);
  const node = h("div", { class: "st-start-panel" }, picker, invitation, examples, filmstrip.node,
    h("div", { class: "st-actions" }, cancel, all));
  return { node, show };
}
