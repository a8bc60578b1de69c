"""Gradio's own parts in our colours and the system's fonts. Everything else is in studio.css."""

import gradio as gr

FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def studio_theme() -> gr.themes.Base:
    """Fonts are plain names: a theme's default fonts may be fetched from elsewhere."""
    return gr.themes.Base(font=list(FONT), font_mono=list(MONO)).set(
        body_background_fill="#f5f3ef",
        body_background_fill_dark="#171614",
        body_text_color="#1d1b18",
        body_text_color_dark="#f2eee7",
        background_fill_primary="#fffdf9",
        background_fill_primary_dark="#211f1c",
        color_accent="#a63d17",
        block_border_width="0px",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_shadow="none",
        block_padding="0",
    )
