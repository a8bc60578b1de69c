// The header of the page: its name, the light and dark theme, and the open tab in the address.

import { button } from "./controls.js";
import { h } from "./dom.js";
import { syncTabWithUrl } from "./tab_routing.js";

const STORED = "pix2pix-theme";

export function mountHeader({ element, props }) {
  const theme = button({ name: "theme", label: "Light or dark", onClick: () => {
    const dark = document.body.classList.toggle("dark");
    storeTheme(dark ? "dark" : "light");
  } });
  element.querySelector(".st-header").replaceChildren(
    h("h1", { class: "st-name" }, "pix2pix ", h("span", {}, "studio")), theme,
  );
  document.dispatchEvent(new Event("studio:built")); // see LOADING_TIMER in pix2pix/app/gradio_compat.py
  syncTabWithUrl(props.tabs);
  const stored = storedTheme();
  const isSetByUrl = new URLSearchParams(location.search).has("__theme");
  if (stored && !isSetByUrl) document.body.classList.toggle("dark", stored === "dark");
}

/** "dark" or "light"; null where none was chosen or the browser stores nothing for this page. */
function storedTheme() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null; // an iframe of another site, or a private window
  }
}

function storeTheme(theme) {
  try {
    localStorage.setItem(STORED, theme);
  } catch {
    // the theme lasts as long as the page
  }
}
