"""The progress bar of a run, with speed, remaining time and losses."""

from collections.abc import Mapping

from tqdm import tqdm

BAR_FORMAT = "{percentage:3.0f}%|{bar}| step {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"


def open_bar(first_step: int, total_steps: int, is_on: bool = True) -> tqdm:
    return tqdm(
        total=total_steps,
        initial=first_step,
        dynamic_ncols=True,
        bar_format=BAR_FORMAT,
        disable=not is_on,
    )


def show_losses(bar: tqdm, losses: Mapping[str, float], batch_size: int) -> None:
    """Shows the speed in images/s and the losses after the remaining time."""
    if not bar.disable:
        bar.set_postfix_str(postfix(losses, bar.format_dict["rate"], batch_size))


def postfix(losses: Mapping[str, float], steps_per_s: float | None, batch_size: int) -> str:
    """Text such as "12.4 images/s, l1 0.213, d 1.02"."""
    speed = [f"{steps_per_s * batch_size:.1f} images/s"] if steps_per_s else []
    return ", ".join(speed + [f"{name} {value:.3g}" for name, value in losses.items()])
