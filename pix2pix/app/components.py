"""The page's components: empty elements, filled by a script of `assets/js`.

A script receives its element and its props, which are constants, and talks to the routes of
`server/` itself. No component has events or a value of Gradio's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from pix2pix.app.assets import load_script
from pix2pix.app.canvas_spec import PEN, CanvasSpec
from pix2pix.app.server.encoding import pack_ids
from pix2pix.app.server.schemas import MAX_UPLOAD_MB


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


def drawing(tab: str, api: str, canvas: CanvasSpec, seed: int, style_dim: int) -> gr.HTML:
    """The canvas with its tools and palette. `api`: the address of the tab's routes."""
    return scripted_html(
        "drawing",
        "draw/draw.js",
        "mountDrawing",
        tab=tab,
        api=api,
        seed=seed,
        style_dim=style_dim,
        start=pack_ids(canvas.first),
        hand=PEN if canvas.name == "lines" else {},
        **canvas.props(),
    )


def picture(
    tab: str, canvas: CanvasSpec, first: dict[str, str], styled: bool, large: float
) -> gr.HTML:
    """The picture beside the canvas.

    `first`: the {"image", "name"} that the page opens with. `large`: the largest picture's side,
    in sides of the canvas.
    """
    return scripted_html(
        "preview",
        "draw/preview.js",
        "mountPreview",
        tab=tab,
        first=first,
        kind=canvas.name,
        height=canvas.shape[0],
        width=canvas.shape[1],
        styled=styled,
        large=large,
    )


def style_gallery(
    tab: str, api: str, styles: Mapping[str, tuple[float, ...]], seeds: Sequence[int]
) -> gr.HTML:
    """Small pictures of the drawing in other styles: named ones, then seeds, then a photo's."""
    return scripted_html(
        "styles",
        "draw/style_gallery.js",
        "mountStyleGallery",
        tab=tab,
        api=api,
        styles=[{"name": name, "style": list(style)} for name, style in styles.items()],
        seeds=list(seeds),
        max_upload_mb=MAX_UPLOAD_MB,
    )


def start_panel(tab: str, api: str, canvas: CanvasSpec, traces: bool) -> gr.HTML:
    """Drawings to start from, and the buttons that open, trace and make up others."""
    return scripted_html(
        "start-panel",
        "draw/start_panel.js",
        "mountStartPanel",
        tab=tab,
        api=api,
        traces=traces,
        max_upload_mb=MAX_UPLOAD_MB,
        starts=[{"name": name, "ids": pack_ids(ids)} for name, ids in canvas.starts.items()],
        **canvas.props(),
    )
