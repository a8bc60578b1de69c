"""The base of our components: an empty element of the page, filled by a script of `assets/`."""

from typing import Any

import gradio as gr
from gradio.context import Context

import pix2pix.app.component_stubs  # noqa: F401  no stub of ours is written
from pix2pix.app.assets import load_script


def desk_name() -> str:
    """The id of the tab under construction; where none is, "page"."""
    block = Context.block
    while block is not None and not isinstance(block, gr.Tab):
        block = block.parent
    return "page" if block is None else str(block.id)


class ScriptedHTML(gr.HTML):
    """`<div class="st-NAME">`, given to `function` of `assets/MODULE` when it appears.

    The keyword arguments are props: constants that the script reads; `tab` is added, the id of the
    component's tab. An attribute of a subclass
    begins with an underscore: under the name of an argument Gradio would send it to the browser.
    """

    def __init__(
        self,
        name: str,
        module: str,
        function: str,
        events: tuple[str, ...] = (),
        value: Any = None,
        **props: Any,
    ) -> None:
        super().__init__(
            value=value,
            html_template=f'<div class="st-{name}"></div>',
            js_on_load=load_script(module, function, events),
            apply_default_css=False,
            elem_classes=f"studio-{name}",
            tab=desk_name(),
            **props,
        )
