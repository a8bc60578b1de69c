"""The model card: what a checkpoint is, from what it was made, and what it scores."""

from pix2pix.config import CheckpointConfig

TITLES = {
    "labels2photo": "Facade label map to photo",
    "photo2labels": "Facade photo to label map",
    "colorize": "Black-and-white photo to colour",
}


def write_card(config: CheckpointConfig) -> str:
    """Markdown made from the config alone, so that it cannot say what was not so."""
    facts = dict(config.training)
    options = facts.pop("options", {})
    lines = [f"# {TITLES.get(config.task, config.task)}", ""]
    lines += [f"Task `{config.task}`, {config.size}x{config.size} pixels.", ""]
    lines += ["![held-out samples](samples.jpg)", "", "## Training", "", "| | |", "|---|---|"]
    lines += [f"| {key.replace('_', ' ')} | {value} |" for key, value in facts.items()]
    if config.metrics:
        lines += ["", "## Held-out figures", "", "| | |", "|---|---|"]
        lines += [f"| {key.replace('_', ' ')} | {value} |" for key, value in config.metrics.items()]
    lines += ["", "## Recipe", "", "```toml"]
    lines += [f"{key} = {_toml(value)}" for key, value in options.items()]
    lines += ["```", ""]
    return "\n".join(lines)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
