"""The model card: use, training, metrics, limits and licence of a checkpoint.

Markdown with the front matter that the Hugging Face Hub reads
(https://huggingface.co/docs/hub/model-cards#model-card-metadata).
"""

import dataclasses
import json
import shlex
from typing import Any, NamedTuple

from pix2pix.config import CheckpointConfig
from pix2pix.evaluation.metric_names import describe_metric, direction, format_value
from pix2pix.training.recipe import FROM_DATA, load_recipe, recipe_names

LIBRARY = "pix2pix-studio"
ARROWS = {"lower": " ↓", "higher": " ↑", "": ""}


class TaskWords(NamedTuple):
    """Text of the model card that depends on the task only."""

    title: str
    pipeline_tag: str  # one of those that the Hub knows
    does: str
    python: str  # three lines or so, FOLDER for the checkpoint
    shell: str
    limit: str


# Of a model with a local enhancer, which draws the large photos of another
HD_SHELL = (
    "python app.py --checkpoint-facades-hd FOLDER\n"
    "python -m pix2pix draw drawing.png -o photo.png --size 1024 --checkpoint-hd FOLDER"
)
WORDS = {
    "labels2photo": TaskWords(
        "Label map to photo",
        "image-to-image",
        "Generates a photo from a label map.",
        "from pix2pix.inference import load_drawer\n"
        "from pix2pix.labels.label_map import open_label_map\n\n"
        'photo = load_drawer("FOLDER").draw(open_label_map("drawing.png"))  # (H, W, 3) uint8',
        "python app.py --checkpoint-facades FOLDER\n"
        "python -m pix2pix draw drawing.png -o photo.png --checkpoint FOLDER",
        "Classes that are rare in the training photos look the least realistic.",
    ),
    "photo2labels": TaskWords(
        "Photo to label map",
        "image-segmentation",
        "Predicts the label map of a photo.",
        "from pix2pix.images.reader import open_rgb\n"
        "from pix2pix.inference import load_tracer\n\n"
        'label_map = load_tracer("FOLDER").trace(open_rgb("photo.jpg"))  # (H, W) uint8',
        "python app.py --checkpoint-trace FOLDER\n"
        "python -m pix2pix trace photo.jpg -o labels.png --checkpoint FOLDER",
        "Each pixel gets the most likely class, even if none is likely.",
    ),
    "colorize": TaskWords(
        "Black-and-white photo to colour",
        "image-to-image",
        "Predicts likely colours from a photo's lightness and, optionally, a few colour hints.",
        "from pix2pix.images.reader import open_rgb\n"
        "from pix2pix.inference import load_colorizer\n\n"
        'photo = load_colorizer("FOLDER").colorize(open_rgb("scan.jpg"))  # PIL image',
        "python app.py --checkpoint-colorize FOLDER\n"
        "python -m pix2pix colorize scan.jpg -o colour.jpg --checkpoint FOLDER",
        "The colours are likely, not necessarily the true ones.",
    ),
    "restore": TaskWords(
        "Photo with scratches and stains to the same without",
        "image-to-image",
        "Finds scratches, dust, stains and folds of a scanned photo and fills them.",
        "from pix2pix.images.reader import open_rgb\n"
        "from pix2pix.inference import load_restorer\n\n"
        'photo = load_restorer("FOLDER").restore(open_rgb("scan.jpg")).image  # PIL image',
        "python -m pix2pix restore scan.jpg -o repaired.png --checkpoint FOLDER",
        "What lies under wide damage is guessed from its surroundings.",
    ),
    "image2image": TaskWords(
        "Image to image",
        "image-to-image",
        "Translates an image into another of the same size.",
        "from pix2pix.images.reader import open_rgb\n"
        "from pix2pix.inference import load_translator\n\n"
        'image = load_translator("FOLDER").translate(open_rgb("input.png"))  # PIL image',
        "python app.py --checkpoint FOLDER\n"
        "python -m pix2pix translate input.png -o output.png --checkpoint FOLDER",
        "It cannot generate what was not in the training data.",
    ),
}


def write_card(config: CheckpointConfig, license_id: str = "") -> str:
    """The card in Markdown, made from the config only.

    `license_id` is a licence identifier of the Hub, such as cc-by-sa-4.0; "" states no licence.
    """
    words = WORDS[config.task]
    title = f"{words.title}: {config.training['recipe']}" if "recipe" in config.training else ""
    parts = [
        front_matter(config, license_id),
        f"# {escape(title or words.title)}",
        f"{words.does} Task `{config.task}`, {config.width or config.size}x{config.size} pixels.",
        "" if "imported from" in config.training else "![held-out samples](samples.jpg)",
        "## Use",
        f"In a clone of {LIBRARY}, with this folder as `FOLDER`:",
        fence("python", words.python),
        fence("", HD_SHELL if config.generator.enhancer and config.palette else words.shell),
        training_section(config),
        figures_section(config),
        limits_section(config),
        "## Licence",
        f"`{license_id}`."
        if license_id
        else "None is stated. The weights learned from the training images, whose terms bind their "
        "use too.",
        recipe_section(config),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def front_matter(config: CheckpointConfig, license_id: str) -> str:
    """YAML front matter. JSON strings are YAML strings: none can end the block or add a key."""
    tags = ["pix2pix", "image-to-image", config.task]
    recipe = config.training.get("recipe")
    if isinstance(recipe, str) and recipe not in tags:
        tags.append(recipe)
    values: dict[str, Any] = {
        "library_name": LIBRARY,
        "pipeline_tag": WORDS[config.task].pipeline_tag,
        "tags": tags,
    }
    if license_id:
        values["license"] = license_id
    return "\n".join(["---", *(f"{k}: {json.dumps(v)}" for k, v in values.items()), "---"])


def training_section(config: CheckpointConfig) -> str:
    facts = {k: v for k, v in config.training.items() if k != "options"}
    if not facts:
        return ""
    rows = [f"| {escape(k.replace('_', ' '))} | {escape(v)} |" for k, v in facts.items()]
    table = "\n".join(["| | |", "|---|---|", *rows])
    command = fence("", reproduce(config)) if "options" in config.training else ""
    return "\n\n".join(filter(None, ["## Training", table, command]))


def reproduce(config: CheckpointConfig) -> str:
    """The command that repeats the run: its recipe and the keys that differ from the recipe."""
    name, options = str(config.training.get("recipe", "RECIPE")), config.training["options"]
    known: dict[str, Any] = {"task": config.task}
    if name in recipe_names():
        known = dataclasses.asdict(load_recipe(name))
    words = ["python", "train.py", name, "--data", "DIR", "--out", "DIR"]
    for key, value in options.items():
        if known.get(key) != value and key not in FROM_DATA:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            words += ["--" + key.replace("_", "-"), text]
    return shlex.join(words)


def figures_section(config: CheckpointConfig) -> str:
    if not config.metrics:
        return ""
    rows = []
    for key, value in config.metrics.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        text = format_value(value) if is_number else escape(value)
        rows.append(f"| {escape(describe_metric(key))}{ARROWS[direction(key)]} | {text} |")
    note = "On examples that had no part in the training. An arrow points the better way."
    return "\n\n".join(["## Held-out figures", note, "\n".join(["| | |", "|---|---|", *rows])])


def limits_section(config: CheckpointConfig) -> str:
    lines = [WORDS[config.task].limit]
    near = ""
    if config.max_size > min(config.shape):
        near = f", from views as near as in pictures of {config.max_size} on the short side"
    lines.append(
        f"It learned at {config.width or config.size}x{config.size} pixels{near}; "
        "finer detail than that is not its own."
    )
    if "train_images" in config.training:
        count = escape(config.training["train_images"])
        lines.append(f"It has seen {count} training images; others may be unlike all of them.")
    if config.palette:
        names = ", ".join(escape(entry.name) for entry in config.palette)
        lines.append(f"It knows {len(config.palette)} classes: {names}.")
    return "\n\n".join(["## Limits", "\n".join(f"- {line}" for line in lines)])


def recipe_section(config: CheckpointConfig) -> str:
    options = config.training.get("options")
    if not options:
        return ""
    text = "\n".join(f"{key} = {json.dumps(value)}" for key, value in options.items())
    return "\n\n".join(["## Recipe", fence("toml", text)])


def fence(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def escape(value: object) -> str:
    """The value as text for a Markdown table, without tags, cell borders or line breaks."""
    text = " ".join(str(value).split()).replace("&", "&amp;").replace("<", "&lt;")
    return text.replace("|", "\\|")
