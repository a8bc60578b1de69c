"""The HTML of the static page: tabs, each with the elements that the page's scripts fill."""

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Script = tuple[str, str]  # a module of assets/js, and its function


@dataclass(frozen=True)
class Part:
    """An element `<div class="st-NAME">` that a script fills."""

    name: str
    script: Script
    props: dict[str, Any]

    def facts(self) -> dict[str, Any]:
        """What `engine/static_page.js` needs."""
        module, function = self.script
        return {"name": self.name, "module": module, "function": function, "props": self.props}


@dataclass(frozen=True)
class Tab:
    """A tab with one model.

    `layout`: "draw" or "colorize", the class of its grid in the CSS. `engine`: "draw", "colorize"
    or "image", which makes its pictures; see `engine/static_page.js`.
    """

    name: str
    title: str
    layout: str
    engine: str
    parts: tuple[Part, ...]
    models: dict[str, Any]  # props of BrowserModels by their part in the tab, "generator" first


def build_page(tabs: Sequence[Tab], assets: str, site: dict[str, Any]) -> str:
    """The page. `assets`: the folder of the scripts and styles, relative to the page. `site`: facts
    for `engine/static_page.js`, which gets them with the tabs."""
    facts = {
        **site,
        "tabs": [
            {
                "name": tab.name,
                "title": tab.title,
                "engine": tab.engine,
                "models": tab.models,
                "parts": [part.facts() for part in tab.parts],
            }
            for tab in tabs
        ],
    }
    styles = "\n".join(
        f'<link rel="stylesheet" href="{assets}/css/{name}.css">'
        for name in ("site", "studio", "colorize", "screens")
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>pix2pix studio</title>
<meta name="description" content="Draw, and a picture appears. Everything runs in this browser.">
<link rel="icon" href="{assets}/favicon.svg">
<link rel="manifest" href="manifest.webmanifest">
{styles}
<script>
try {{
  const theme = localStorage.getItem("pix2pix-theme");
  const isDark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.classList.toggle("st-starts-dark", isDark);
}} catch {{ /* a private window */ }}
</script>
</head>
<body class="gradio-container">
<div class="studio-header"><div class="st-header"></div></div>
<main class="studio-tabs">
<div class="tab-wrapper"><div class="tab-container" role="tablist">
{chr(10).join(map(_tab_button, tabs))}
</div></div>
{chr(10).join(map(_tab_panel, tabs))}
</main>
<noscript><p class="st-off">This page needs JavaScript.</p></noscript>
<script type="application/json" id="st-facts">{_embeddable(facts)}</script>
<p id="st-unloaded" class="st-off" role="alert" hidden>
The page did not load completely: please reload it. Drawings that were kept are still there.</p>
<script type="module" src="{assets}/js/engine/static_page.js"
 onerror="document.getElementById('st-unloaded').hidden = false"></script>
</body>
</html>
"""


def _tab_button(tab: Tab) -> str:
    name = html.escape(tab.name)
    return (
        f'<button role="tab" id="tab-{name}" data-tab-id="{name}" aria-controls="panel-{name}" '
        f'aria-selected="false" tabindex="-1">{html.escape(tab.title)}</button>'
    )


def _tab_panel(tab: Tab) -> str:
    name = html.escape(tab.name)
    elements = {
        part.name: f'<div class="studio-{part.name}" data-part="{part.name}">'
        f'<div class="st-{part.name}"></div></div>'
        for part in tab.parts
    }
    side = "".join(elements.pop(part, "") for part in ("preview", "styles"))
    if side:
        first, *rest = elements.values()
        content = f'{first}<div class="studio-side">{side}</div>{"".join(rest)}'
    else:
        content = "".join(elements.values())
    return (
        f'<section class="tabitem" role="tabpanel" id="panel-{name}" aria-labelledby="tab-{name}" '
        f'hidden><div class="studio-{tab.layout}" data-tab="{name}">{content}</div></section>'
    )


def _embeddable(facts: dict[str, Any]) -> str:
    """JSON for a script element, whatever texts are in it."""
    return json.dumps(facts, separators=(",", ":")).replace("<", "\\u003c")
