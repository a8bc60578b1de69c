"""The page's components: empty elements, filled by a script of `assets/js`.

A script receives its element and its props, which are constants, and talks to the routes of
`server/` itself. No component has events or a value of Gradio's.
"""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from pix2pix.app.assets import load_script


def scripted_html(name: str, module: str, function: str, **props: Any) -> gr.HTML:
    """`<div class="st-NAME">`, given to `function` of `assets/js/MODULE` when it appears."""
    return gr.HTML(
        html_template=f'<div class="st-{name}"></div>',
        js_on_load=load_script(module, function),
        apply_default_css=False,
        elem_classes=f"studio-{name}",
        **props,
    )


def header(tabs: Sequence[tuple[str, str]]) -> gr.HTML:
    """The name of the app, light or dark, and the open tab in the address.

    `tabs`: the (name, label) of each.
    """
    return scripted_html("header", "core/header.js", "mountHeader", tabs=tabs)
