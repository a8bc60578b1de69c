"""Upload folders to the Hub in one commit."""

from pathlib import Path
from typing import Any, Literal

import huggingface_hub as hf

from pix2pix.hub.client import HUB, TIMEOUT_S, Hub, Kind, MissingRepoError, hub_error_message

COMMIT_MESSAGE = "Upload from pix2pix studio"


def get_account(hub: Hub = HUB) -> str:
    """The name of the logged-in account. Raises ValueError with instructions if there is none."""
    if not (hub.token or hf.get_token()):
        raise ValueError(
            "you are not logged in to the Hugging Face Hub; create a token with write access at "
            "https://huggingface.co/settings/tokens, run 'hf auth login', and try again"
        )
    with hub_error_message("your account"):
        return str(hub.api.whoami()["name"])


def find_repo(repo_id: str, kind: Kind, hub: Hub = HUB) -> tuple[bool, set[str]] | None:
    """Whether the repo is private, and its files; None if it does not exist or is not visible."""
    try:
        with hub_error_message(repo_id):
            ask = hub.api.space_info if kind == "space" else hub.api.model_info
            info = ask(repo_id, timeout=TIMEOUT_S)
    except MissingRepoError:
        return None
    return bool(info.private), {file.rfilename for file in info.siblings or []}


# What runs a Space: "zero" lends a GPU to calls, "cpu" needs a PRO account, "static" runs nothing.
SpaceKind = Literal["zero", "cpu", "static"]
SPACE_OPTIONS: dict[SpaceKind, dict[str, str]] = {
    "zero": {"space_sdk": "gradio", "space_hardware": "zero-a10g"},
    "cpu": {"space_sdk": "gradio", "space_hardware": "cpu-basic"},
    "static": {"space_sdk": "static"},
}
SPACE_REFUSALS = {
    "zero": "this account cannot have one more Space on ZeroGPU: a free account may have two, once "
    "it is over 30 days old and its e-mail address is verified. --static makes a page that runs "
    "in the visitor's browser and has no limit",
    "cpu": "a Space on a CPU needs a PRO account. Without --cpu it runs on ZeroGPU, of which a "
    "free account may have two; --static makes a page that runs in the visitor's browser",
}


def upload(
    folder: Path,
    repo_id: str,
    kind: Kind,
    private: bool,
    hub: Hub = HUB,
    space: SpaceKind = "zero",
) -> str:
    """Uploads all files of the folder in one commit and returns the URL of the repo's page.

    Creates the repo if needed, a Space as `space` says. Raises ValueError on failure; the repo is
    then unchanged, or new and empty.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    options = SPACE_OPTIONS[space] if kind == "space" else {}
    with hub_error_message(repo_id):
        try:
            page = hub.api.create_repo(
                repo_id,
                private=private or None,  # None: the account's default
                repo_type=kind,
                exist_ok=True,
                **options,  # type: ignore[arg-type]
            )
        except hf.errors.HfHubHTTPError as error:
            if kind != "space" or error.response.status_code not in (402, 403):
                raise
            reason = SPACE_REFUSALS.get(space, "this account may not create it")
            raise ValueError(f"the Hub refused the Space: {reason}") from None
        hub.api.create_commit(
            repo_id,
            [hf.CommitOperationAdd(path.relative_to(folder).as_posix(), path) for path in files],
            commit_message=COMMIT_MESSAGE,
            repo_type=kind,
        )
    return str(page)


def is_regular_file(path: Path, folder: Path) -> bool:
    """Whether a path is a file inside a folder, and neither it nor a folder between is a link.

    What a link points to is never uploaded: a stranger's checkpoint could name any file.
    """
    if ".." in path.parts or not path.is_relative_to(folder):
        return False
    between = [path, *path.parents]
    inner = between[: between.index(folder)]
    return path.is_file() and not any(part.is_symlink() for part in inner)


def with_front_matter(text: str, values: dict[str, Any]) -> str:
    """The README with these values in its front matter, each where it had none of that name."""
    if not text.startswith("---\n"):
        text = f"---\n{{}}\n---\n\n{text}"
    card = hf.RepoCard(text, ignore_metadata_errors=False)
    had = {key: value for key, value in card.data.to_dict().items() if value is not None}
    card.data = hf.CardData(**had, **{k: v for k, v in values.items() if k not in had})
    return str(card)
