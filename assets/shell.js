// The name of the place, light or dark, and the tab in the address.

import { followTabs } from "./address.js";
import { button } from "./icons.js";

const STORED = "pix2pix-theme";

export function mountShell({ element, props }) {
  const root = element.querySelector(".st-shell");
  const name = Object.assign(document.createElement("h1"), { className: "st-name" });
  name.innerHTML = "pix2pix <span>studio</span>";
  const theme = button({ name: "theme", label: "Light or dark" });
  theme.addEventListener("click", () => {
    const dark = !document.body.classList.contains("dark");
    document.body.classList.toggle("dark", dark);
    localStorage.setItem(STORED, dark ? "dark" : "light");
  });
  root.replaceChildren(name, theme);
  followTabs(props.tabs);
  const stored = localStorage.getItem(STORED);
  const asked = new URLSearchParams(location.search).has("__theme");
  if (stored && !asked) document.body.classList.toggle("dark", stored === "dark");
}
