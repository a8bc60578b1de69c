"""Writes report.html, a self-contained page with the progress of a run.

It holds styles, charts as SVG and sample sheets as data URLs, makes no network requests, and
escapes all names that users chose.
"""

import base64
import html
import io
import json
import math
import re
import shlex
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from PIL import Image

from pix2pix.evaluation.metric_names import (
    base_metric,
    describe_metric,
    describe_variant,
    direction,
    format_value,
    is_reference,
)
from pix2pix.runtime.atomic_io import write_atomically
from pix2pix.training import charts
from pix2pix.training.charts import Line, chart

REPORT_NAME = "report.html"
MAX_SHEETS = 12
NEWEST_SIZE = (1300, 2200)  # pixels: a larger sheet is reduced to fit
OLDER_SIZE = (880, 1440)
LOSSES = {
    "d": "discriminator",
    "gan": "generator, adversarial",
    "l1": "L1",
    "fm": "feature matching",
    "ce": "cross-entropy",
    "kl": "KL of the style code",
    "oasis": "OASIS discriminator",
    "perceptual": "perceptual",
    "color": "local mean colours",
    "class_color": "colours outside those of the class",
    "uniformity": "uniform colour of gaps",
    "diversity": "likeness of two styles",
    "z": "style code recovered from outputs",
    "gan_AtoB": "generator A to B, adversarial",
    "gan_BtoA": "generator B to A, adversarial",
    "cycle_A": "cycle consistency of A",
    "cycle_B": "cycle consistency of B",
    "identity_A": "identity on A",
    "identity_B": "identity on B",
    "d_A": "discriminator of A",
    "d_B": "discriminator of B",
    "nce": "PatchNCE",
    "nce_identity": "PatchNCE of the target set",
}
# Names in the metrics of runs that began with an earlier version
OLD_LOSS_NAMES = {"even": "uniformity", "known": "perceptual", "seg": "oasis"}
RATES = {"lr": "generator", "d_lr": "discriminator"}
ARROWS = {"lower": "↓ lower is better", "higher": "↑ higher is better", "": ""}
Series = dict[str, list[tuple[int, float]]]


def write_report(
    out_dir: Path, run: Mapping[str, Any], facts: Mapping[str, Any], step: int, total_steps: int
) -> None:
    """Writes OUT_DIR/report.html from its metrics.jsonl and samples/, atomically.

    `run` is the content of run.json, `facts` the `training` of its config.json.
    """
    losses, figures = read_metrics(out_dir / "metrics.jsonl")
    rates = {name: losses.pop(key) for key, name in RATES.items() if key in losses}
    page = Template((Path(__file__).parent / REPORT_NAME).read_text(encoding="utf-8")).substitute(
        title=html.escape(f"{run['name']} in {out_dir.resolve().name}"),
        subtitle=html.escape(subtitle(run, step, total_steps)),
        percent=round(100 * step / max(total_steps, 1)),
        facts=fact_list(facts),
        warnings=warning_list(out_dir / "metrics.jsonl"),
        samples=sample_slider(out_dir / "samples", step),
        figures=figure_section(figures, step),
        losses="".join(loss_chart(name, points, step) for name, points in losses.items())
        + rate_chart(rates, step),
        settings=settings(run["recipe"]),
        next=html.escape(next_words(step, total_steps)),
        commands=commands(out_dir, step < total_steps),
        left=charts.LEFT,
        right=charts.RIGHT,
        width=charts.WIDTH,
    )
    write_atomically(out_dir / REPORT_NAME, page.encode())


def read_metrics(path: Path) -> tuple[Series, Series]:
    """Losses and validation metrics by name, as (step, value), finite values only."""
    losses: Series = defaultdict(list)
    figures: Series = defaultdict(list)
    lines = path.read_text().splitlines() if path.exists() else []
    for row in map(json.loads, lines):
        target, values = (figures, row["val"]) if "val" in row else (losses, row)
        for name, value in values.items():
            is_number = isinstance(value, (int, float)) and math.isfinite(value)
            if is_number and name not in ("step", "time", "seconds", "examples"):
                target[OLD_LOSS_NAMES.get(name, name)].append((row["step"], value))
    return dict(losses), dict(figures)


def warning_list(path: Path) -> str:
    """The warnings of the run so far, each once."""
    lines = path.read_text().splitlines() if path.exists() else []
    rows = [row for row in map(json.loads, lines) if "warning" in row]
    found = {row["warning"]: row["step"] for row in reversed(rows)}
    items = "".join(
        f"<li>Step {step:,}: {html.escape(text)}</li>" for text, step in reversed(found.items())
    )
    return f'<h2>Warnings</h2><div class="card"><ul>{items}</ul></div>' if items else ""


def subtitle(run: Mapping[str, Any], step: int, total_steps: int) -> str:
    recipe = run["recipe"]
    state = "finished" if step >= total_steps else f"{100 * step / total_steps:.0f}% done"
    return (
        f"{recipe['task']} at {recipe['size']} pixels, learned from {Path(run['data']).name}. "
        f"Step {step:,} of {total_steps:,}, {state}."
    )


def fact_list(facts: Mapping[str, Any]) -> str:
    """The facts that are one value; the recipe has its own section."""
    shown = {k: v for k, v in facts.items() if k != "options" and not isinstance(v, (dict, list))}
    texts = {
        html.escape(k.replace("_", " ")): html.escape(describe_settings(v))
        for k, v in shown.items()
    }
    return "".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in texts.items())


def describe_settings(value: object) -> str:
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


def sample_slider(folder: Path, step: int) -> str:
    """The sheets up to `step`, at most MAX_SHEETS of them evenly spread, the newest shown."""
    sheets = [
        (int(m[1]), p) for p in folder.glob("step_*.jpg") if (m := re.search(r"(\d+)", p.stem))
    ]
    sheets = sorted(pair for pair in sheets if pair[0] <= step)
    if not sheets:
        return ""
    count = min(MAX_SHEETS, len(sheets))
    places = {round(k * (len(sheets) - 1) / max(count - 1, 1)) for k in range(count)}
    kept = [pair for k, pair in enumerate(sheets) if k in places | {len(sheets) - 1}]
    newest = len(kept) - 1
    images = "".join(sheet_image(path, at, at == kept[-1][0]) for at, path in kept)
    slide = (
        f'<div class="slide"><input type="range" min="0" max="{newest}" value="{newest}" '
        'aria-label="step of the samples"><output></output></div>'
    )
    return (
        f'<h2>Held-out samples</h2><div class="card sheet">{slide if newest else ""}'
        f'<div class="view" tabindex="0">{images}</div></div>'
    )


def sheet_image(path: Path, step: int, newest: bool) -> str:
    source = embed(path, NEWEST_SIZE if newest else OLDER_SIZE)
    return f'<img src="{source}" alt="step {step:,}"{"" if newest else " hidden"}>'


def embed(path: Path, size: tuple[int, int]) -> str:
    """A JPEG as a data URL, reduced to fit `size` where it is larger."""
    content = path.read_bytes()
    with Image.open(path) as image:
        if image.width > size[0] or image.height > size[1]:
            image.draft("RGB", size)
            image.thumbnail(size)
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=82)
            content = buffer.getvalue()
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"


def figure_section(figures: Series, step: int) -> str:
    """A panel for each figure with all that it is of, and a table of the last and best values."""
    if not figures:
        return ""
    panels: dict[str, Series] = defaultdict(dict)
    for key, points in figures.items():
        panels[base_metric(key)][key] = points
    drawn = "".join(figure_chart(name, series, step) for name, series in panels.items())
    rows = "".join(figure_row(key, points) for key, points in figures.items())
    head = '<tr><th>figure</th><th class="number">last</th><th class="number">best</th></tr>'
    return (
        f'<h2>Held-out figures</h2><div class="charts">{drawn}</div><br>'
        f'<div class="card"><table>{head}{rows}</table></div>'
    )


def figure_chart(name: str, series: Series, step: int) -> str:
    better = next((direction(key) for key in series if direction(key)), "")
    lines = []
    for k, (key, points) in enumerate(sorted(series.items(), key=lambda s: is_reference(s[0]))):
        style = "reference" if is_reference(key) else "dots"
        lines.append(Line(describe_variant(key) or "output", points, k % 4 + 1, style))
    return chart(describe_metric(name), ARROWS[better], lines, step)


def figure_row(key: str, points: list[tuple[int, float]]) -> str:
    better = direction(key)
    last = format_value(points[-1][1])
    best = ""
    if better:
        pick = min if better == "lower" else max
        at, value = pick(points, key=lambda p: p[1])
        best = f'{format_value(value)} <span class="quiet">at {at:,}</span>'
    return (
        f"<tr><td>{html.escape(describe_metric(key))} {ARROWS[better][:1]}</td>"
        f'<td class="number">{last}</td><td class="number">{best}</td></tr>'
    )


def loss_chart(name: str, points: list[tuple[int, float]], step: int) -> str:
    smoothed = charts.smooth(points, max(5, len(points) // 20))
    lines = [Line(name, points, 1, "raw"), Line(name, smoothed, 1)]
    return chart(
        LOSSES.get(name, name.replace("_", " ")), format_value(smoothed[-1][1]), lines, step
    )


def rate_chart(rates: Series, step: int) -> str:
    """A chart of both learning rates; one line if they are equal."""
    if not rates:
        return ""
    lines = [Line(name, points, k) for k, (name, points) in enumerate(rates.items(), 1)]
    if len({tuple(points) for points in rates.values()}) == 1:
        lines = [Line("", lines[0].points, 1)]
    return chart("learning rate", f"{lines[0].points[-1][1]:.2e}", lines, step)


def settings(recipe: Mapping[str, Any]) -> str:
    return "".join(
        f"<div><span>{html.escape(key)}</span><b>{html.escape(as_written(value))}</b></div>"
        for key, value in recipe.items()
    )


def as_written(value: object) -> str:
    """A value of a recipe as typed on the command line."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def next_words(step: int, total_steps: int) -> str:
    if step < total_steps:
        return "If the run stops, resume it from its last save. The folder is a usable checkpoint:"
    return "The run is finished. Its folder is a checkpoint:"


def commands(out_dir: Path, unfinished: bool) -> str:
    folder = shlex.quote(str(out_dir))
    lines = [f"python train.py --resume {folder}"] if unfinished else []
    lines.append(f"python train.py --evaluate {folder} --data DIR")
    return f"<pre>{html.escape(chr(10).join(lines))}</pre>"
