"""ICC profiles: what the numbers in a file mean, as sRGB."""

import io

from PIL import Image, ImageCms

from pix2pix.images.convert import crop_rows, strips, to_8_bit

MAX_PROFILE_BYTES = 4 << 20  # those of printing presses have two or three million
_OUTPUTS = {"L": "RGB", "RGB": "RGB", "RGBA": "RGBA", "CMYK": "RGB"}
_SRGB = ImageCms.createProfile("sRGB")


def to_srgb(image: Image.Image) -> Image.Image:
    """The image in sRGB, 8 bits, as its profile says; itself where it has none or one of sRGB.

    Scans in grey have one of their own as a rule ("Dot Gain 20%", "Gray Gamma 2.2"), and without it
    CMYK can only be guessed at. Grey stays grey, in mode L. A profile that is broken, or for
    another mode, counts as none: so programs show it.
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
    if flat.mode == "L":  # all its values once
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
    assert result is not None  # it is only where the image is changed in place
    return result


def _flatten(image: Image.Image) -> Image.Image:
    """The image in a mode that has profiles: 16 bits as 8, a palette as its colours."""
    if image.has_transparency_data:
        return image.convert("RGBA")
    return to_8_bit(image)
