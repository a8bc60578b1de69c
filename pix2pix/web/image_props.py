"""The constants and pictures of a tab that takes photos, in the app and in the static page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from PIL import Image

from pix2pix.images.encoding import data_uri, image_bytes
from pix2pix.images.reader import open_rgb, read_size
from pix2pix.inference import Restorer, Tracer, Translator
from pix2pix.labels.label_map import encode_label_image
from pix2pix.web.sample_files import has_samples, preview_samples, sample_thumbnail
from pix2pix.web.tab_props import MAX_UPLOAD_MB, PREVIEW_SIDE

IMAGE_SCRIPT = "image/image.js", "mountImageTab"
THUMB_SIDE = 128
PhotoModel: TypeAlias = Translator | Tracer | Restorer
BROWSER_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"})


def image_props(
    tab: str,
    api: str,
    model: PhotoModel,
    first: Mapping[str, Any] | None,
    examples: Sequence[Mapping[str, str]],
    files: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Of a tab that takes photos.

    `api`: the address of its routes. `first`: the `preview_photo` that the page opens with.
    `examples`: {"name", "image"} each, in the static page also "url". `files`: "note", a line about
    the files that the tab takes, and "also_accepts", suffixes beside those of images.
    """
    return {
        "tab": tab,
        "api": api,
        "first": first,
        "max_upload_mb": MAX_UPLOAD_MB,
        "classes": legend(model),
        "examples": list(examples),
        **files,
    }


def legend(model: PhotoModel) -> list[dict[str, Any]]:
    """The classes that a tracer finds, with their colours; empty for other models."""
    if not isinstance(model, Tracer):
        return []
    return [{"name": c.name, "rgb": list(c.rgb), "key": ""} for c in model.config.palette]


def thumbnail(path: Path, model: PhotoModel) -> str:
    """A small WebP picture of an input as a data URI."""
    if has_samples(model):
        photo = sample_thumbnail(model, path, THUMB_SIDE)
    else:
        photo = open_rgb(path)
        photo.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.BOX)
    return data_uri(photo, "webp", quality=86, method=2)


def preview_photo(model: PhotoModel, source: bytes | Path, name: str) -> dict[str, Any]:
    """{"before", "after", "width", "height", "name"}; pictures at most PREVIEW_SIDE, as URIs.

    Raises ValueError "NAME: reason" for what is no picture.
    """
    if has_samples(model):
        return preview_samples(model, source, name)
    width, height = read_size(source, name)
    photo = open_rgb(source, name, (PREVIEW_SIDE, PREVIEW_SIDE), model.config.input_range)
    photo.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS)
    after = translate_photo(model, photo)
    exact = isinstance(model, Tracer)  # a label image has the very colours of its palette
    return {
        "before": data_uri(photo, "webp", quality=86, method=2),
        "after": data_uri(after, "png") if exact else data_uri(after, "webp", quality=90, method=2),
        "width": width,
        "height": height,
        "name": name,
    }


def translate_photo(model: PhotoModel, photo: Image.Image) -> Image.Image:
    """The model's picture for a photo, of its size; of a tracer the label image."""
    if isinstance(model, Translator):
        return model.translate(photo)
    if isinstance(model, Restorer):
        return model.restore(photo).image
    return encode_label_image(model.trace(photo), [c.rgb for c in model.config.palette])


def can_open(path: Path, model: object = None) -> bool:
    """Whether it is a picture that can be read, or an input of a model of other images."""
    try:
        if has_samples(model):
            model.read(path)
        else:
            read_size(path)
    except ValueError:
        return False
    return True


def browser_picture(path: Path, model: PhotoModel) -> tuple[str, bytes]:
    """The suffix and content of a picture for the page: the file itself, or a PNG of a format that
    not every browser decodes, of an input that is no picture in 8 bits."""
    suffix, value_range = path.suffix.lower(), model.config.input_range
    if has_samples(model) and not model.source.is_picture and suffix != ".png":
        return ".png", image_bytes(model.show_input(model.read(path)), "png")
    if suffix in BROWSER_SUFFIXES:
        return suffix, path.read_bytes()
    return ".png", image_bytes(open_rgb(path, value_range=value_range), "png")
