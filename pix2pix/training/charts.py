"""Line charts as inline SVG, without a library or network requests."""

import html
import json
import math
from dataclasses import dataclass

WIDTH, HEIGHT = 400, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 8, 24
MAX_POINTS = 400  # of one line in the page; a longer one is thinned


@dataclass(frozen=True)
class Line:
    """A named line through (step, value) points, of one of the page's colours, 1 to 4."""

    name: str
    points: list[tuple[int, float]]
    color: int = 1
    style: str = "plain"  # or "raw": pale; "reference": dashed; "dots": with its points marked


def chart(title: str, note: str, lines: list[Line], last_step: int) -> str:
    """A panel: title, note, legend where there are several names, and the lines over the steps."""
    lines = [line for line in lines if line.points]
    low, high = value_range(lines)
    names = list(dict.fromkeys((line.name, line.color) for line in lines if line.style != "raw"))
    legend = ""
    if len(names) > 1:
        keys = (f'<span class="key c{color}">{html.escape(name)}</span>' for name, color in names)
        legend = f'<p class="legend">{"".join(keys)}</p>'
    drawn = [axes(low, high, last_step), *(draw_line(x, low, high, last_step) for x in lines)]
    hover = [{"name": x.name, "points": thin(x.points)} for x in lines if x.style != "raw"]
    data = html.escape(json.dumps({"last": last_step, "lines": hover}), quote=True)
    return (
        f'<figure class="chart"><figcaption><b>{html.escape(title)}</b> '
        f'<span class="note">{html.escape(note)}</span> <output></output></figcaption>{legend}'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title)}, '
        f'{html.escape(note)}" data-chart="{data}">{"".join(drawn)}'
        f'<line class="cursor" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/></svg></figure>'
    )


def thin(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """At most MAX_POINTS of the points, with the least and the greatest of each stretch."""
    if len(points) <= MAX_POINTS:
        return points
    stretch = math.ceil(len(points) / (MAX_POINTS / 2))
    kept: list[tuple[int, float]] = []
    for start in range(0, len(points), stretch):
        part = points[start : start + stretch]
        ends = {min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])}
        kept += sorted(ends)
    return kept


def smooth(points: list[tuple[int, float]], span: int) -> list[tuple[int, float]]:
    """The exponential moving average over about `span` points, without the bias of its start."""
    decay, mean, weight = 1 - 1 / max(span, 1), 0.0, 0.0
    result = []
    for step, value in points:
        mean = decay * mean + (1 - decay) * value
        weight = decay * weight + (1 - decay)
        result.append((step, mean / weight))
    return result


def value_range(lines: list[Line]) -> tuple[float, float]:
    """What the panel shows: all of each line, but of raw ones only the middle 98%."""
    values: list[float] = []
    for line in lines:
        own = sorted(value for _, value in line.points)
        cut = len(own) // 100 if line.style == "raw" else 0
        values += [own[cut], own[len(own) - 1 - cut]]
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = (high - low) * 0.06 or abs(high) * 0.05 or 1.0
    return low - margin, high + margin


def place(
    step: float, value: float, low: float, high: float, last_step: int
) -> tuple[float, float]:
    x = LEFT + (WIDTH - LEFT - RIGHT) * step / max(last_step, 1)
    y = TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)
    return round(x, 1), round(min(max(y, TOP - 2), HEIGHT - BOTTOM + 2), 1)


def draw_line(line: Line, low: float, high: float, last_step: int) -> str:
    places = [place(step, value, low, high, last_step) for step, value in thin(line.points)]
    corners = " ".join(f"{x},{y}" for x, y in places)
    drawn = f'<polyline class="{line.style} c{line.color}" points="{corners}"/>'
    if line.style == "dots" and len(places) <= 60:
        marks = (f'<circle class="c{line.color}" cx="{x}" cy="{y}" r="2.5"/>' for x, y in places)
        drawn += "".join(marks)
    return drawn


def axes(low: float, high: float, last_step: int) -> str:
    """Grid lines with their values at the left, and steps along the foot."""
    parts = []
    for value in ticks(low, high, 4):
        _, y = place(0, value, low, high, last_step)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{value:g}</text>')
    for step in ticks(0, last_step, 4):
        x, _ = place(step, low, low, high, last_step)
        anchor = "end" if x > WIDTH - 30 else "middle"
        label = f"{step / 1000:g}k" if step >= 1000 else f"{step:g}"
        parts.append(f'<text x="{x}" y="{HEIGHT - 7}" text-anchor="{anchor}">{label}</text>')
    return "".join(parts)


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers, 1, 2 or 5 times a power of ten apart, within low..high."""
    rough = (high - low) / about or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [round((first + k) * step, 12) for k in range(max(count, 0))]
