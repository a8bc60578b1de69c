"""The progress bar of a run: how far, how fast, how long to go, and the losses."""

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
    """Sets what stands after the time left: images/s of late, then each loss."""
    if not bar.disable:
        bar.set_postfix_str(postfix(losses, bar.format_dict["rate"], batch_size))


def postfix(losses: Mapping[str, float], steps_per_s: float | None, batch_size: int) -> str:
    """Such as "12.4 images/s, l1 0.213, d 1.02"; no speed before there is one."""
    speed = [f"{steps_per_s * batch_size:.1f} images/s"] if steps_per_s else []
    return ", ".join(speed + [f"{name} {value:.3g}" for name, value in losses.items()])
