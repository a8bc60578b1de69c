// The name of the place, light or dark, and the tab in the address.

import { syncTabWithUrl } from "./tab_routing.js";
import { button } from "./icons.js";

const STORED = "pix2pix-theme";

export function mountHeader({ element, props }) {
  const root = element.querySelector(".st-shell");
  const name = Object.assign(document.createElement("h1"), { className: "st-name" });
  name.innerHTML = "pix2pix <span>studio</span>";
  const theme = button({ name: "theme", label: "Light or dark" });
  theme.addEventListener("click", () => {
    const dark = !document.body.classList.contains("dark");
    document.body.classList.toggle("dark", dark);
    keep(dark ? "dark" : "light");
  });
  root.replaceChildren(name, theme);
  syncTabWithUrl(props.tabs);
  const stored = kept();
  const asked = new URLSearchParams(location.search).has("__theme");
  if (stored && !asked) document.body.classList.toggle("dark", stored === "dark");
}

/** The chosen theme; null where none was chosen, or where the browser keeps nothing for this page. */
function kept() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null; // an iframe of another site, or a private window
  }
}

function keep(theme) {
  try {
    localStorage.setItem(STORED, theme);
  } catch {
    // the theme lives as long as the page
  }
}
