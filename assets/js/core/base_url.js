// The URL of the app, which may be under a sub-path or on another origin than the page.

const ASSETS = "/studio-assets/"; // as in pix2pix/app/assets.py

const { url } = import.meta;
const ROOT = url.slice(0, url.lastIndexOf(ASSETS) + 1);

/** The URL of a path of the app. */
export function urlOf(path) { return new URL(path, ROOT).href; }
