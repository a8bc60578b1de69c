"""`python -m pix2pix site`: write the page without a server."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pix2pix.cli.arguments import Commands, add_command
from pix2pix.runtime.bundle import CHECKPOINTS
from pix2pix.web.runtime import cache_folder, check_runtime_url

if TYPE_CHECKING:
    from pix2pix.web.tabs import SiteModel

HELP = """\
Write the studio as a folder of static files, which runs the models in the visitor's browser.

Any server of files can serve it: GitHub Pages, a static Space, python -m http.server. Nothing that
a visitor draws or opens leaves their device. npm downloads onnxruntime-web once (37 MB).
"""

EXAMPLES = """\
examples:
  python -m pix2pix site out && python -m http.server -d out
  python -m pix2pix site out --checkpoint runs/houses --checkpoint ada/cats
"""

BUNDLED = {
    "facades": "Draw",
    "colorize": "Colourise",
    "restore": "Restore",
    "cats": "Cats",
    "trace": "Trace",
}


def add_parser(commands: Commands) -> None:
    parser = add_command(
        commands,
        "site",
        "checkpoints -> a page without a server",
        description=HELP,
        epilog=EXAMPLES,
    )
    parser.set_defaults(run=run)
    parser.add_argument("out", type=Path, metavar="OUT", help="folder, created if missing")
    parser.add_argument(
        "--checkpoint",
        action="append",
        metavar="X",
        help="checkpoint folder, or OWNER/NAME[@REVISION] on the Hugging Face Hub; can be repeated "
        f"(default: the bundled {', '.join(BUNDLED)})",
    )
    parser.add_argument(
        "--weights",
        choices=["auto", "8", "16", "32"],
        default="auto",
        help="bits of a stored weight; auto: 8 where the pictures are nearly the same, else 16 "
        "(default: auto)",
    )
    parser.add_argument(
        "--runtime",
        default="",
        metavar="URL",
        help="address of the dist folder of onnxruntime-web, such as that of a CDN, instead of a "
        "copy in the page",
    )


def run(options: argparse.Namespace) -> int:
    """Writes the folder and prints what is in it. Raises ValueError if it cannot be built."""
    from pix2pix.checkpoint import read_config
    from pix2pix.hub import resolve
    from pix2pix.web.sample_files import describe_page
    from pix2pix.web.site import build_site
    from pix2pix.web.tabs import SiteModel

    runtime = check_runtime_url(options.runtime)
    if options.checkpoint:
        models = [SiteModel(title_of(x), Path(resolve(x))) for x in options.checkpoint]
    else:
        models = bundled_models()
    sizes = build_site(options.out, models, runtime, cache_folder(), options.weights)
    megabytes = sum(sizes.values()) / 2**20
    print(f"{options.out}: {len(sizes)} files, {megabytes:.1f} MiB")
    for name, size in sorted(sizes.items()):
        if name.startswith(("models/", "runtime/")):
            print(f"  {size / 2**20:5.1f} MiB  {name}")
    for model in models:
        if note := describe_page(read_config(model.folder)):
            print(f"{model.title}: {note}")
    print(f"Try it: python -m http.server -d {options.out}")
    return 0


def bundled_models() -> "list[SiteModel]":
    """The models of a page for which no checkpoints are named."""
    from pix2pix.web.tabs import SiteModel

    return [SiteModel(title, CHECKPOINTS / name) for name, title in BUNDLED.items()]


def title_of(checkpoint: str) -> str:
    """The title of its tab: the name of the folder or of the repo."""
    return Path(checkpoint.split("@")[0]).name or "model"
