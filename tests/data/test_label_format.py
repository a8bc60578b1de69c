"""Training sets of label maps in every form: read rightly, or asked about with the palette.json."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pix2pix.data.datasets.label_dataset import FacadePairs
from pix2pix.data.factory import open_datasets
from pix2pix.data.options import DataOptions
from pix2pix.data.validation import DataError
from pix2pix.labels.label_map import VOID, encode_label_image
from pix2pix.labels.palette import read_palette
from pix2pix.training.recipe import load_recipe

VOC = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128)]
NAMES = ["background", "car", "cat", "dog", "cow"]
MASK = [{"name": "background", "rgb": [0, 0, 0]}, {"name": "cell", "rgb": [255, 255, 255]}]
TINTED = [{"name": "ground", "rgb": [20, 90, 40]}, {"name": "cell", "rgb": [230, 120, 200]}]


def blocks(seed: int, values: list[int], side: int = 64) -> np.ndarray:
    """A chessboard of these values in 16x16 blocks, each of them at least once."""
    rng = np.random.default_rng(seed)
    cells = rng.permutation([*values, *rng.choice(values, 16 - len(values))]).reshape(4, 4)
    return np.kron(cells, np.ones((side // 4, side // 4), int)).astype(np.uint8)


def voc(values: np.ndarray) -> Image.Image:
    image = Image.fromarray(values)
    colors = np.zeros((256, 3), np.uint8)
    colors[: len(VOC)] = VOC
    colors[255] = (224, 224, 192)
    image.putpalette(colors.tobytes())
    return image


def write_set(
    root: Path, images: list[Image.Image], palette: Any = None, ending: str = "png"
) -> Path:
    for i, image in enumerate(images):
        rng = np.random.default_rng(i)
        photo = Image.fromarray(rng.integers(0, 256, (image.height, image.width, 3), np.uint8))
        folders = (root / "A", root / "B") if ending != "png" else (root, root)
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        image.save(folders[1] / f"{i}.{ending}")
        photo.save(folders[0] / f"{i}.jpg")
    if palette is not None:
        (root / "palette.json").write_text(json.dumps(palette))
    return root


def read(root: Path, **options: Any) -> tuple[list[np.ndarray], list[str]]:
    """The label maps of train and val together, in the files' order, and the classes' names."""
    sets = open_datasets(
        DataOptions(
            "labels2photo", 64, resize_mode="stretch", crop_scale=1.0, val_split=0.3, **options
        ),
        root,
    )
    found: dict[str, np.ndarray] = {}
    classes: list[str] = []
    for part in sets:
        assert isinstance(part, FacadePairs)
        classes = [c.name for c in part.palette.classes]
        found |= {name: part.examples[i][1] for i, name in enumerate(part.names)}
    return [found[name] for name in sorted(found)], classes


def write_proposal(root: Path, error: str) -> list[dict]:
    """Does what the message says."""
    text = error[error.index("\n[") + 1 : error.index("}]") + 2]
    (root / "palette.json").write_text(text)
    return json.loads(text)


# Masks of 0 and 255


@pytest.mark.parametrize("palette", [MASK, TINTED], ids=["black and white", "other colours"])
@pytest.mark.parametrize("mode", ["L", "1", "RGB", "I;16"])
def test_255_is_the_second_of_two_classes(palette: list, mode: str, tmp_path: Path) -> None:
    masks = [blocks(i, [0, 255]) for i in range(3)]
    images = [
        Image.fromarray(m.astype(np.uint16) * 257)
        if mode == "I;16"
        else Image.fromarray(m).convert(mode)
        for m in masks
    ]
    found, names = read(write_set(tmp_path, images, palette))
    np.testing.assert_array_equal(found, [m == 255 for m in masks])
    assert names == [p["name"] for p in palette]


def test_a_mask_saved_as_jpeg_is_read_by_its_greys(tmp_path: Path) -> None:
    masks = [np.roll(blocks(i, [0, 255]), 3, 1) for i in range(3)]
    root = write_set(tmp_path, [Image.fromarray(m) for m in masks], MASK, "jpg")
    found, _ = read(root, direction="BtoA")
    assert (np.array(found) == [m == 255 for m in masks]).mean() > 0.99
    (root / "palette.json").unlink()
    with pytest.raises(ValueError, match="Their colours are") as caught:
        read(root, direction="BtoA")
    proposed = write_proposal(root, str(caught.value))
    assert sorted(p["rgb"] for p in proposed) == [[0, 0, 0], [255, 255, 255]]


def test_255_stays_no_class_beside_0_and_1(tmp_path: Path) -> None:
    masks = [blocks(i, [0, 1, 255]) for i in range(3)]
    found, _ = read(write_set(tmp_path, [Image.fromarray(m) for m in masks], TINTED))
    np.testing.assert_array_equal(found, masks)


def test_greys_of_classes_are_colours_and_not_ids(tmp_path: Path) -> None:
    greys = [{"name": n, "rgb": [v] * 3} for n, v in (("air", 0), ("bone", 128), ("metal", 255))]
    masks = [blocks(i, [0, 128, 255]) for i in range(3)]
    found, _ = read(write_set(tmp_path, [Image.fromarray(m) for m in masks], greys))
    np.testing.assert_array_equal(found, np.array(masks) // 127)


def test_a_mask_without_a_palette_is_asked_about(tmp_path: Path) -> None:
    masks = [blocks(i, [0, 255]) for i in range(3)]
    root = write_set(tmp_path, [Image.fromarray(m) for m in masks])
    with pytest.raises(
        ValueError, match=r"3 of 3 .* Their ids are 0 \(.*%\), 255 \(.*%\)"
    ) as caught:
        read(root)
    assert [p["name"] for p in write_proposal(root, str(caught.value))] == [
        "background",
        "foreground",
    ]
    np.testing.assert_array_equal(read(root)[0], [m == 255 for m in masks])


# Palette images with 255 for no class


@pytest.mark.parametrize("says_void", [False, True])
def test_the_number_255_of_a_palette_image_is_no_class(says_void: bool, tmp_path: Path) -> None:
    maps = [blocks(i, [0, 1, 2, 3, 4, 255]) for i in range(3)]
    palette: list = [{"name": n, "rgb": rgb} for n, rgb in zip(NAMES, VOC)]
    if says_void:
        palette.append({"name": "ignore", "rgb": [224, 224, 192], "id": 255})
    found, names = read(write_set(tmp_path, [voc(m) for m in maps], palette))
    np.testing.assert_array_equal(found, maps)
    assert names == NAMES


def test_the_colour_of_no_class_is_so_in_colours_too(tmp_path: Path) -> None:
    maps = [blocks(i, [0, 1, 2, 3, 4, 255]) for i in range(3)]
    palette: list = [{"name": n, "rgb": rgb} for n, rgb in zip(NAMES, VOC)]
    palette.append({"name": "void", "rgb": [224, 224, 192], "id": 255})
    found, _ = read(write_set(tmp_path, [voc(m).convert("RGB") for m in maps], palette))
    np.testing.assert_array_equal(found, maps)


def test_ignored_ids_are_no_class_in_input_loss_and_metrics(tmp_path: Path) -> None:
    ids = [7, 33, 200, 254, 0]  # the last two are ignored
    maps = [blocks(i, [*ids, 255]) for i in range(3)]
    palette: list = [{"name": n, "rgb": rgb, "id": i} for n, rgb, i in zip(NAMES, VOC, ids)]
    for entry in palette[3:]:
        entry["ignore"] = True
    root = write_set(tmp_path, [Image.fromarray(m) for m in maps], palette)
    found, names = read(root)
    assert names == NAMES[:3]
    table = np.full(256, VOID)
    table[ids[:3]] = range(3)
    np.testing.assert_array_equal(found, [table[m] for m in maps])
    for task, labels in (("labels2photo", "input"), ("photo2labels", "target")):
        options = DataOptions(task, 64, resize_mode="stretch", crop_scale=1.0, val_split=0.3)
        batch = open_datasets(options, root)[1].batch([0], None)
        ignored = getattr(batch, labels).sum(1, keepdim=True) == 0
        assert 0 < ignored.float().mean() < 1
        assert ((batch.weight == 0) == ignored).all()  # `measure_labels` leaves weight 0 out


def test_numbers_count_where_the_png_has_other_colours(tmp_path: Path) -> None:
    maps = [blocks(i, [0, 1, 2, 255]) for i in range(3)]
    palette = [{"name": f"c{i}", "rgb": [90 + 50 * i, 30, 200 - 60 * i]} for i in range(3)]
    found, _ = read(write_set(tmp_path, [voc(m) for m in maps], palette))
    np.testing.assert_array_equal(found, maps)


def test_a_class_that_palette_json_lacks_is_named_with_what_to_write(tmp_path: Path) -> None:
    maps = [blocks(i, [0, 1, 2, 3, 4, 255]) for i in range(3)]
    palette = [{"name": n, "rgb": rgb} for n, rgb in zip(NAMES[:3], VOC)]
    root = write_set(tmp_path, [voc(m) for m in maps], palette)
    with pytest.raises(
        ValueError, match=r"palette\.json does not list 3, 4; 255 is treated as void"
    ) as caught:
        read(root)
    proposed = write_proposal(root, str(caught.value))
    assert [p["name"] for p in proposed] == [*NAMES[:3], "class 3", "class 4"]
    assert [tuple(p["rgb"]) for p in proposed] == VOC
    np.testing.assert_array_equal(read(root)[0], maps)


# Ids and colours that nobody has named


@pytest.mark.parametrize("form", ["grey", "indexed", "folders"])
def test_ids_without_a_palette_are_asked_about(form: str, tmp_path: Path) -> None:
    maps = [blocks(i, [0, 1, 2, 3, 4]) for i in range(3)]
    images = [voc(m) if form == "indexed" else Image.fromarray(m) for m in maps]
    if form == "folders":  # which of them has the label maps is found all the same
        for i, image in enumerate(images):
            for side, picture in (("A", image), ("B", Image.effect_noise((64, 64), 60))):
                (tmp_path / side).mkdir(exist_ok=True)
                picture.save(tmp_path / side / f"{i}.png")
        root = tmp_path
    else:
        root = write_set(tmp_path, images)
    with pytest.raises(ValueError, match=r"Their ids are 0 .* 4 ") as caught:
        read(root)
    assert '{"facades": 1}' in str(caught.value)
    assert [p["id"] for p in write_proposal(root, str(caught.value))] == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(read(root)[0], maps)


@pytest.mark.parametrize("first", [0, 1])
def test_facades_as_bare_ids_are_so_on_request(first: int, tmp_path: Path) -> None:
    maps = [blocks(i, list(range(12))) for i in range(3)]
    if first:
        maps[0][:16, :16] = VOID
    ids = [np.where(m == VOID, 0, m + first).astype(np.uint8) for m in maps]
    root = write_set(tmp_path, [Image.fromarray(m) for m in ids])
    with pytest.raises(ValueError, match=r'classes of facades, write \{"facades": 1}'):
        read(root)
    (root / "palette.json").write_text(json.dumps({"facades": first}))
    np.testing.assert_array_equal(read(root)[0], maps)
    recipe = load_recipe("facades").with_classes_of(root)
    assert recipe.palette == () and read_palette(root).is_facades


def test_facades_in_their_colours_need_no_word(tmp_path: Path) -> None:
    maps = [blocks(i, list(range(12))) for i in range(3)]
    maps.append(np.ones((64, 64), np.uint8))  # all facade
    root = write_set(tmp_path, [encode_label_image(m) for m in maps])
    np.testing.assert_array_equal(read(root)[0], maps)


def test_colours_without_a_palette_are_asked_about(tmp_path: Path) -> None:
    colors = np.array([[250, 250, 20], [90, 200, 90], [200, 40, 200]], np.uint8)
    maps = [blocks(i, [0, 1, 2]) for i in range(3)]
    root = write_set(tmp_path, [Image.fromarray(colors[m]) for m in maps])
    with pytest.raises(ValueError, match=r"Their colours are .*\(200, 40, 200\)") as caught:
        read(root)
    proposed = [tuple(p["rgb"]) for p in write_proposal(root, str(caught.value))]
    order = [proposed.index(tuple(rgb)) for rgb in colors.tolist()]
    np.testing.assert_array_equal(read(root)[0], np.array(order)[np.array(maps)])


def test_without_bad_files_on_request_a_set_goes_on(tmp_path: Path) -> None:
    maps = [blocks(i, [0, 1, 2]) for i in range(6)]
    maps[1][:8], maps[4][:8] = 7, 9
    palette = [{"name": n, "rgb": rgb} for n, rgb in zip(NAMES[:3], VOC)]
    root = write_set(tmp_path, [Image.fromarray(m) for m in maps], palette)
    with pytest.raises(ValueError, match=r"palette\.json does not list 7, 9"):
        read(root)
    assert len(read(root, skip_invalid=True)[0]) == 4
    (root / "4.png").unlink()
    (root / "4.jpg").unlink()
    with pytest.raises(DataError, match=r"1\.png: has the values 7, which are no class"):
        read(root)


def test_a_white_ground_is_background_where_there_is_such_a_class(tmp_path: Path) -> None:
    classes = [{"name": n, "rgb": [40 + 60 * i, 30, 160]} for i, n in enumerate(NAMES[:3])]
    colors = np.array([c["rgb"] for c in classes], np.uint8)
    maps = [blocks(i, [0, 1, 2]) for i in range(3)]
    for m in maps:
        m[:16] = 0
    images = []
    for m in maps:
        rgb = colors[m]
        rgb[:16] = 255
        images.append(Image.fromarray(rgb))
    np.testing.assert_array_equal(read(write_set(tmp_path, images, classes))[0], maps)
    classes[0]["name"] = "floor"
    (tmp_path / "palette.json").write_text(json.dumps(classes))
    with pytest.raises(ValueError, match=r"\(255, 255, 255\).*add it to palette.json"):
        read(tmp_path)


@pytest.mark.parametrize("text", ['{"facades": 2}', '{"facades": true}', '{"maps": 1}', "7"])
def test_a_word_that_palette_json_does_not_know_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "palette.json").write_text(text)
    with pytest.raises(ValueError, match=r"palette\.json: it must be a list of classes"):
        read_palette(tmp_path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "lists within lists"),
        ("[" + " " * (1 << 20) + "]", "at most 1048576 bytes"),
        ("9" * 5000, "Exceeds the limit"),
    ],
)
def test_a_hostile_palette_json_is_refused_in_words(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "palette.json").write_text(text)
    with pytest.raises(ValueError, match=rf"palette\.json: .*{reason}"):
        read_palette(tmp_path)
