"""TensorBoard files: what the run says is in them; without the package the run goes on."""

import builtins
from pathlib import Path

import pytest
from PIL import Image

from pix2pix.training.tensorboard import BOARD_NAME, TensorBoardWriter


def test_scalars_and_sheets_are_read_back(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = TensorBoardWriter(tmp_path, 0)
    board.add_scalars("loss", {"l1": 0.5, "d": 1.25}, 50)
    board.add_scalars("loss", {"l1": 0.25, "d": 1.5}, 100)
    board.add_scalars("val", {"psnr": 21.0}, 100)
    board.add_image(Image.new("RGB", (30, 20), "red"), 100)
    board.close()
    events = EventAccumulator(str(tmp_path / BOARD_NAME))
    events.Reload()
    assert [(e.step, e.value) for e in events.Scalars("loss/l1")] == [(50, 0.5), (100, 0.25)]
    assert [(e.step, e.value) for e in events.Scalars("val/psnr")] == [(100, 21.0)]
    image = events.Images("samples")[0]
    assert (image.step, image.width, image.height) == (100, 30, 20)


def test_what_a_cut_off_part_wrote_is_hidden_after_a_resume(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for first_step, steps in ((0, (50, 100, 150)), (100, (150, 200))):
        board = TensorBoardWriter(tmp_path, first_step)
        for step in steps:
            board.add_scalars("loss", {"l1": step + first_step / 1000}, step)
        board.close()
    events = EventAccumulator(str(tmp_path / BOARD_NAME))
    events.Reload()
    values = [(e.step, round(e.value, 3)) for e in events.Scalars("loss/l1")]
    assert values == [(50, 50), (100, 100), (150, 150.1), (200, 200.1)]


def test_without_the_package_one_line_says_how_to_get_it(tmp_path, monkeypatch, caplog) -> None:
    plain_import = builtins.__import__

    def no_tensorboard(name, *arguments, **options):
        if name.startswith(("tensorboard", "torch.utils.tensorboard")):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return plain_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", no_tensorboard)
    with caplog.at_level("INFO"):
        board = TensorBoardWriter(tmp_path, 0)
    board.add_scalars("loss", {"l1": 1.0}, 1)
    board.add_image(Image.new("RGB", (4, 4)), 1)
    board.close()
    assert [r.getMessage() for r in caplog.records] == [
        "no TensorBoard event files; to write them: pip install tensorboard"
    ]
    assert list(tmp_path.iterdir()) == []
