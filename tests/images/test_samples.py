"""Images of any depth and number of channels are read and written without a change of a value."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from pix2pix.images.sample_writer import encode_samples, sample_endings, save_samples
from pix2pix.images.samples import SampleFormat, read_header, read_samples


def noise(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Values over the range of integers, or around 0; channels last."""
    rng = np.random.default_rng(0)
    if dtype == "float32":
        return rng.normal(0, 1000, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def write(path: Path, values: np.ndarray, how: str) -> None:
    planes = np.moveaxis(values, -1, 0) if values.ndim == 3 else values
    if how == "png":
        cv2.imwrite(str(path), values if values.ndim == 2 else values[..., ::-1])
    elif how == "npz":
        np.savez_compressed(path, image=values)
    elif how == "npy":
        np.save(path, values)
    elif how == "npy CxHxW":
        np.save(path, np.asfortranarray(planes))
    elif how == "tif of pages":
        tifffile.imwrite(path, planes, photometric="minisblack")
    elif how == "tif of planes":
        tifffile.imwrite(path, planes, photometric="minisblack", planarconfig="separate")
    else:
        config = "contig" if values.ndim == 3 else None
        tifffile.imwrite(
            path, values, photometric="minisblack", planarconfig=config, compression="zlib"
        )


@pytest.mark.parametrize(
    ("name", "how", "channels", "dtype"),
    [
        ("a.png", "png", 1, "uint16"),
        ("a.png", "png", 3, "uint16"),
        ("a.png", "png", 1, "uint8"),
        ("a.tif", "tif", 1, "uint16"),
        ("a.tif", "tif", 1, "int16"),
        ("a.tif", "tif", 1, "float32"),
        ("a.tif", "tif", 6, "uint8"),
        ("a.tif", "tif of pages", 5, "uint16"),
        ("a.tif", "tif of planes", 5, "float32"),
        ("a.npy", "npy", 1, "int16"),
        ("a.npy", "npy", 2, "float32"),
        ("a.npy", "npy CxHxW", 9, "int32"),
        ("a.npz", "npz", 5, "uint16"),
    ],
)
def test_values_are_those_of_the_file(
    name: str, how: str, channels: int, dtype: str, tmp_path: Path
) -> None:
    values = noise((20, 31) if channels == 1 else (20, 31, channels), dtype)
    write(tmp_path / name, values, how)
    found = read_samples(tmp_path / name)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, values.reshape(20, 31, channels))
    assert read_header(tmp_path / name) == (20, 31, channels, dtype)
    assert read_header((tmp_path / name).read_bytes(), name) == (20, 31, channels, dtype)


@pytest.mark.parametrize(
    ("dtype", "channels"),
    [("uint8", 3), ("uint16", 1), ("uint16", 4), ("int16", 1), ("int32", 2), ("float32", 5)],
)
def test_what_is_written_is_read_back(dtype: str, channels: int, tmp_path: Path) -> None:
    values = noise((9, 17, channels), dtype)
    for ending in sample_endings(dtype, channels):
        save_samples(values, tmp_path / f"a{ending}")
        np.testing.assert_array_equal(read_samples(tmp_path / f"a{ending}"), values)


def test_a_format_that_would_lose_values_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\.png does not hold 1 channels of float32; use one of"):
        encode_samples(noise((4, 4, 1), "float32"), ".png")


@pytest.mark.parametrize(
    ("dtype", "low", "high"), [("uint16", 0, 4095), ("int16", -1024, 3071), ("float32", -2.5, 7)]
)
def test_a_range_scales_there_and_back(dtype: str, low: float, high: float) -> None:
    own = SampleFormat(dtype, 1, (low, high))
    values = np.linspace(low, high, 4096).reshape(64, 64, 1).astype(dtype)
    fractions = own.scale(values)
    assert fractions.dtype == np.float32 and (fractions.min(), fractions.max()) == (0, 1)
    again = own.unscale(fractions)
    assert again.dtype == dtype
    np.testing.assert_allclose(again, values, atol=0 if dtype != "float32" else 1e-6)
    assert own.scale(np.array([[[high + 1]]], dtype)).item() == 1  # clipped


def bad_files(folder: Path) -> dict[str, tuple[bytes | None, str]]:
    """Files that cannot be read: their content, None if written already, and the reason."""
    values = noise((40, 50), "uint16")
    tifffile.imwrite(folder / "cut.tif", values)
    np.save(folder / "cut.npy", values)
    cv2.imwrite(str(folder / "cut.png"), noise((40, 50, 3), "uint16"))
    for path in folder.glob("cut.*"):
        path.write_bytes(path.read_bytes()[:1000])
    np.savez(folder / "two.npz", a=values, b=values)
    np.save(folder / "nan.npy", np.array([[0, np.nan], [np.inf, 1]], np.float32))
    np.save(folder / "cube.npy", np.zeros((20, 20, 20)))
    np.save(folder / "four.npy", np.zeros((1, 3, 20, 20)))
    np.save(folder / "objects.npy", np.array([[{}, 1]], object), allow_pickle=True)
    np.save(folder / "complex.npy", np.zeros((3, 3), complex))
    np.save(folder / "large.npy", np.full((3, 3), 2**40))
    return {
        "cut.tif": (None, "is damaged or cut short"),
        "cut.npy": (None, "is cut short: 4,000 bytes of values were expected"),
        "cut.png": (None, "is damaged or cut short"),
        "two.npz": (None, r"has 2 arrays \(a, b\); expected one"),
        "nan.npy": (None, "has 2 values that are NaN or infinite"),
        "cube.npy": (None, "of which the channels are ambiguous"),
        "four.npy": (None, "expected HxW, HxWxC or CxHxW"),
        "objects.npy": (None, "holds Python objects, which are never read"),
        "complex.npy": (None, "expected integers or floats"),
        "large.npy": (None, "has integers beyond 32 bits"),
        "text.npy": (b"hello", "is not an image"),
        "zip.npz": (b"PK\x03\x04" + b"0" * 50, "is damaged or cut short"),
        "damaged.exr": (b"\x76\x2f\x31\x01" + b"0" * 100, "is damaged or cut short"),
        "missing.npy": (None, "no such file"),
    }


def test_a_bad_file_is_named_with_the_reason(tmp_path: Path) -> None:
    for name, (content, reason) in bad_files(tmp_path).items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"{name}: .*{reason}"):
            read_samples(tmp_path / name)


def test_a_header_that_promises_much_reserves_nothing(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((2, 2), np.uint8))
    content = (tmp_path / "a.npy").read_bytes().replace(b"(2, 2), }", b"(90000, 90000), }")
    with pytest.raises(ValueError, match="values; the limit is"):
        read_samples(content[:2000], "a.npy")
