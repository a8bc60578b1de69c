"""report.html: whole in one file, safe for any name, bounded, and readable where it is opened."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pix2pix.training import charts
from pix2pix.training.charts import Line, chart, smooth, thin, ticks, value_range
from pix2pix.training.progress_bar import open_bar, postfix
from pix2pix.training.report import MAX_SHEETS, read_metrics, write_report

HOSTILE = "<script>alert(1)</script>\"'&"


def write_run(folder: Path, name: str = "facades", steps: int = 2000, sheets: int = 5) -> dict:
    """A run's folder as the trainer leaves it; the content of its run.json."""
    rng = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    for step in range(10, steps + 1, 10):
        decay = float(np.exp(-step / 600))
        rows.append({"step": step, "l1": 0.2 + decay + rng.normal(0, 0.03), "d": 1.3 + decay / 3})
        if step % (steps // sheets) == 0:
            rows.append(
                {"step": step, "val": {"psnr": 20 - decay, "psnr_grey": 18.5, "examples": 8}}
            )
    folder.mkdir(parents=True)
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "samples").mkdir()
    for k in range(1, sheets + 1):
        step = k * (steps // sheets)
        sheet = Image.new("RGB", (300, 200), (10 * k, 90, 200))
        sheet.save(folder / "samples" / f"step_{step:07d}.jpg")
    recipe = {"task": "labels2photo", "size": 256, "note": name, "spectral": True}
    return {"name": name, "data": f"/somewhere/{name}", "recipe": recipe}


def read_report(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def test_the_report_asks_nothing_of_any_network(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    write_report(tmp_path / "run", run, {"hours": 1.5}, 2000, 4000)
    page = read_report(tmp_path / "run")
    assert "http" not in page.replace("http-equiv", "")
    sources = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", page)
    assert len(sources) == 5
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert "@import" not in page
    assert "url(" not in page


def test_what_a_user_named_is_text_everywhere(tmp_path: Path) -> None:
    folder = tmp_path / HOSTILE.replace("/", "_")
    run = write_run(folder, HOSTILE)
    row = {"step": 2000, "val": {HOSTILE: 1.0}}
    loss = {"step": 2000, HOSTILE: 1.0}
    with open(folder / "metrics.jsonl", "a") as file:
        file.write(json.dumps(row) + "\n" + json.dumps(loss) + "\n")
    write_report(folder, run, {HOSTILE: HOSTILE}, 2000, 2000)
    page = read_report(folder)
    assert page.count("<script>") == 1  # our own
    assert "alert(1)</script>" not in page
    assert page.count("&lt;script&gt;") > 6


def test_sheets_are_bounded_in_number_and_size(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", steps=3000, sheets=30)
    noise = np.random.default_rng(0).integers(0, 256, (4000, 2600, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "run" / "samples" / "step_0003000.jpg", quality=95)
    write_report(tmp_path / "run", run, {}, 3000, 3000)
    page = read_report(tmp_path / "run")
    steps = re.findall(r'alt="step ([\d,]+)"', page)
    assert len(steps) == MAX_SHEETS
    assert (steps[0], steps[-1]) == ("100", "3,000")
    assert len(page) < 4_000_000


def test_what_lies_beyond_the_step_is_of_a_part_that_was_cut_off(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", steps=2000, sheets=5)
    write_report(tmp_path / "run", run, {}, 800, 2000)
    assert re.findall(r'alt="step ([\d,]+)"', read_report(tmp_path / "run")) == ["400", "800"]


def test_a_run_without_anything_yet_has_a_report(tmp_path: Path) -> None:
    run = {"name": "x", "data": "d", "recipe": {"task": "colorize", "size": 64}}
    write_report(tmp_path, run, {}, 0, 100)
    assert "Step 0 of 100" in read_report(tmp_path)


def test_values_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_text('{"step": 1, "l1": NaN}\n{"step": 2, "l1": 3}\n')
    assert read_metrics(tmp_path / "m.jsonl") == ({"l1": [(2, 3)]}, {})


def test_twice_the_steps_are_twice_the_work_of_a_report(tmp_path: Path) -> None:
    calls = {2_000: 0, 4_000: 0}
    for steps in calls:
        run = write_run(tmp_path / str(steps), steps=steps, sheets=1)

        def count(frame: object, event: str, argument: object, steps: int = steps) -> None:
            calls[steps] += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            write_report(tmp_path / str(steps), run, {}, steps, steps)
        finally:
            sys.setprofile(None)
    assert 2_000 < calls[4_000] < 2.2 * calls[2_000]


def test_a_report_of_a_long_run_is_small(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", steps=100_000, sheets=12)
    sheet = np.random.default_rng(0).integers(0, 256, (262, 162, 3)).astype(np.uint8)
    large = Image.fromarray(sheet).resize((1296, 2098))
    for path in (tmp_path / "run" / "samples").iterdir():
        large.save(path, quality=88)
    write_report(tmp_path / "run", run, {}, 100_000, 100_000)
    assert len(read_report(tmp_path / "run")) < 8_000_000


def test_smoothing_starts_without_bias_and_keeps_a_constant() -> None:
    assert smooth([(1, 5.0), (2, 5.0), (3, 5.0)], 10) == [
        (step, pytest.approx(5.0)) for step in (1, 2, 3)
    ]
    points = smooth([(k, float(k % 2)) for k in range(200)], 20)
    assert abs(points[-1][1] - 0.5) < 0.05


def test_thinning_keeps_the_peaks_and_the_order() -> None:
    points = [(k, 0.0) for k in range(5000)]
    points[1234] = (1234, 9.0)
    points[4321] = (4321, -9.0)
    kept = thin(points)
    assert len(kept) <= charts.MAX_POINTS
    assert {(1234, 9.0), (4321, -9.0)} <= set(kept)
    assert kept == sorted(kept)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 100, [0, 50, 100]), (0.13, 0.47, [0.2, 0.3, 0.4]), (-1, 1, [-1, -0.5, 0, 0.5, 1])],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high, 4) == expected


def test_a_spike_does_not_flatten_the_curve() -> None:
    values = [(k, 1.0 + k / 1000) for k in range(1000)]
    values[3] = (3, 500.0)
    _, high = value_range([Line("l1", values, style="raw"), Line("l1", smooth(values[10:], 20))])
    assert high < 3


def test_a_flat_line_and_a_single_point_can_be_drawn() -> None:
    for points in ([(1, 2.0)], [(1, 0.0), (2, 0.0)]):
        drawn = chart("x", "", [Line("x", points)], 2)
        assert "nan" not in drawn
        assert "<polyline" in drawn


def test_the_bar_says_images_a_second_and_each_loss() -> None:
    assert postfix({"l1": 0.21349, "d": 1.0}, 3.1, 4) == "12.4 images/s, l1 0.213, d 1"
    assert postfix({"l1": 1.0}, None, 4) == "l1 1"
    with open_bar(10, 100) as bar:
        bar.update(5)
        assert "step 15/100 [" in str(bar)


@pytest.mark.browser
@pytest.mark.parametrize("phone", [False, True])
def test_in_a_browser_it_fits_and_its_slider_and_charts_answer(
    tmp_path: Path, chromium, phone: bool
) -> None:
    run = write_run(tmp_path / "run", HOSTILE)
    write_report(tmp_path / "run", run, {"device": "cpu", "hours": 0.3}, 2000, 4000)
    size = {"width": 390, "height": 844} if phone else {"width": 1440, "height": 900}
    context = chromium.new_context(viewport=size, has_touch=phone)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.goto((tmp_path / "run" / "report.html").as_uri())
    assert page.inner_text("h1").startswith(HOSTILE)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]

    shown = "[...document.querySelectorAll('.view img')].filter((i) => !i.hidden).map((i) => i.alt)"
    assert page.evaluate(shown) == ["step 2,000"]
    page.focus(".slide input")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(shown) == ["step 1,200"]
    assert page.inner_text(".slide output") == "step 1,200"
    assert page.evaluate("document.querySelector('.view img:not([hidden])').naturalWidth") == 300

    panel = page.locator("figure.chart", has_text="L1").first
    panel.scroll_into_view_if_needed()
    box = panel.locator("svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    text = panel.locator("output").inner_text()
    reading = re.match(r"step ([\d,]+): ", text)
    assert reading, text
    step = int(reading[1].replace(",", ""))
    assert 850 <= step <= 1000  # the middle of the picture, left of the middle of the axis
    assert complaints == []
    context.close()


def test_losses_with_their_old_names_continue_as_one_line(tmp_path: Path) -> None:
    rows = [{"step": 1, "known": 0.5, "l1": 0.3}, {"step": 2, "perceptual": 0.4, "l1": 0.2}]
    (tmp_path / "metrics.jsonl").write_text("\n".join(map(json.dumps, rows)))
    losses, _ = read_metrics(tmp_path / "metrics.jsonl")
    assert losses == {"perceptual": [(1, 0.5), (2, 0.4)], "l1": [(1, 0.3), (2, 0.2)]}
