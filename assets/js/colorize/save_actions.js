// What the Colourise tab does with files: saves photos, opens hints.

import { saveBlob } from "../core/download.js";
import { describeBatch, finishPhoto, saveAll } from "./batch.js";
import { openHints } from "./hint_files.js";

export const KEPT_ON_SERVER = 4; // with more photos than that, only the one on show stays there

/** Saves the photo on show; `app` is the ColorizeApp. */
export async function savePhoto(app, format) {
  const photo = app.current;
  app.panel.setSaving(true);
  try {
    const { name, blob, settings } = await finishPhoto(app.client, photo, format);
    saveBlob(blob, name);
    photo.saved = settings;
    app.say(`${name} is saved`);
  } catch (error) {
    app.say(error.message);
  }
  app.panel.setSaving(false);
}

/** Saves all open photos in a ZIP file. */
export async function saveAllPhotos(app, format) {
  const batch = { cancelled: false };
  app.batch = batch;
  app.render();
  const photos = [...app.photos];
  const result = await saveAll(app.client, photos, format, {
    isCancelled: () => batch.cancelled,
    keepOnServer: (photo) => app.isInUse(photo) || photos.length <= KEPT_ON_SERVER,
    onChange: (photo) => {
      app.say(`${photos.indexOf(photo) + 1} of ${photos.length}: ${photo.name}`);
      app.render();
    },
  });
  app.batch = null;
  app.say(describeBatch(result, photos.length));
  app.render();
}

/** Sets the hints in a file on the photos that it names. */
export async function openHintsFile(app, file) {
  try {
    const photos = [...app.photos, app.current].filter(Boolean);
    const { changed, count } = await openHints(file, photos, app.wanted, app.props.max_hints);
    for (const photo of changed) {
      if (photo === app.current) app.editor.refresh();
      else if (app.photos.includes(photo)) app.thumbnails.add(photo);
    }
    app.say(`${file.name}: hints for ${changed.length} of ${count} photos`);
  } catch (error) {
    app.say(`${file.name}: ${error.message}`);
  }
}
