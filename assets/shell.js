// The name of the place, and light or dark.

import { button } from "./icons.js";

const STORED = "pix2pix-theme";

export function mountShell({ element }) {
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
  const stored = localStorage.getItem(STORED);
  const asked = new URLSearchParams(location.search).has("__theme");
  if (stored && !asked) document.body.classList.toggle("dark", stored === "dark");
}
