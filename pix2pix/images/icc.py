"""Convert images with an ICC profile to sRGB."""

import io

from PIL import Image, ImageCms

from pix2pix.images.convert import crop_rows, strips, to_8_bit

MAX_PROFILE_BYTES = 4 << 20  # profiles of printing presses have two or three million bytes
_OUTPUTS = {"L": "RGB", "RGB": "RGB", "RGBA": "RGBA", "CMYK": "RGB"}
_SRGB = ImageCms.createProfile("sRGB")


def to_srgb(image: Image.Image) -> Image.Image:
    """The image converted to 8-bit sRGB by its profile; unchanged if it has none, or sRGB's.

    Grey scans often have a profile ("Dot Gain 20%", "Gray Gamma 2.2"), and CMYK cannot be
    converted correctly without one. Grey images stay grey, in mode L. A profile that is broken or
    for another mode is ignored, as image viewers do.
    """
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not 0 < len(profile) <= MAX_PROFILE_BYTES:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        flat = image if image.mode in _OUTPUTS else _flatten(image)
        mode = _OUTPUTS[flat.mode]
        transform = ImageCms.buildTransform(source, _SRGB, flat.mode, mode)
    except (ImageCms.PyCMSError, OSError):
        return image
    if flat.mode == "L":  # a table of its 256 values
        values = Image.frombytes("L", (256, 1), bytes(range(256)))
        result = flat.point(list(_apply(transform, values).convert("L").tobytes()))
    else:
        result = Image.new(mode, flat.size)
        for rows in strips((flat.height, flat.width)):
            result.paste(_apply(transform, crop_rows(flat, rows)), (0, rows.start))
    result.info = {key: value for key, value in image.info.items() if key != "icc_profile"}
    return result


def _apply(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    result = ImageCms.applyTransform(image, transform)
    assert result is not None  # None is only returned for in-place conversion
    return result


def _flatten(image: Image.Image) -> Image.Image:
    """The image in a mode that profiles support: 16-bit scaled to 8, a palette expanded."""
    if image.has_transparency_data:
        return image.convert("RGBA")
    return to_8_bit(image)
