"""The Hub's endpoint and account, and readable messages for its errors."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read on import

import huggingface_hub as hf
from huggingface_hub import constants, errors

TIMEOUT_S = 10
Kind = Literal["model", "space"]


class UnreachableError(ValueError):
    """The Hub does not respond, and there is no local copy."""


class MissingRepoError(ValueError):
    """The repo does not exist, or this account may not see it."""


@dataclass(frozen=True)
class Hub:
    """A Hub connection. None: HF_ENDPOINT, HF_TOKEN or `hf auth login`, and HF_HOME decide."""

    endpoint: str | None = None
    token: str | None = None
    cache_dir: Path | None = None

    @property
    def api(self) -> hf.HfApi:
        return hf.HfApi(endpoint=self.endpoint, token=self.token)

    @property
    def cache(self) -> Path:
        return self.cache_dir or Path(constants.HF_HUB_CACHE)


HUB = Hub()


@contextmanager
def hub_error_message(name: str) -> Iterator[None]:
    """Converts the client's errors to a ValueError with one sentence. `name` is a repo's name."""
    try:
        yield
    except errors.LocalEntryNotFoundError as error:  # raised last, with the real cause attached
        if isinstance(error.__cause__, errors.HfHubHTTPError):
            raise _explain(name, error.__cause__) from error
        raise _unreachable(name) from error
    except errors.HfHubHTTPError as error:
        raise _explain(name, error) from error
    except (errors.HTTPError, errors.OfflineModeIsEnabled) as error:
        raise _unreachable(name) from error
    except OSError as error:
        raise ValueError(
            f"{name}: the transfer failed ({_first_line(error)}); try again"
        ) from error
    except (ValueError, RuntimeError) as error:
        if isinstance(error.__cause__, errors.HfHubHTTPError):
            raise _explain(name, error.__cause__) from error
        if isinstance(error.__cause__, errors.HTTPError):
            raise _unreachable(name) from error
        raise ValueError(f"{name}: {_first_line(error)}") from error


def _unreachable(name: str) -> UnreachableError:
    return UnreachableError(f"{name}: the Hub cannot be reached")


def _explain(name: str, error: errors.HfHubHTTPError) -> ValueError:
    status = error.response.status_code
    if isinstance(error, errors.GatedRepoError):
        return ValueError(
            f"{name}: is gated; request access on its page, run 'hf auth login', and try again"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return MissingRepoError(
            f"{name}: there is no such repo on the Hub, or it is private and your login "
            "('hf auth login') has no access"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return ValueError(f"{name}: the repo has no such revision")
    if isinstance(error, errors.RemoteEntryNotFoundError):
        return ValueError(f"{name}: a file listed by the Hub is missing; try again")
    if status == 401:
        return ValueError(
            f"{name}: the Hub does not accept your login; renew it with 'hf auth login', "
            "or unset a wrong HF_TOKEN"
        )
    said = _printable(error.response.headers.get("X-Error-Message") or _first_line(error))
    if status == 429 or status >= 500:
        return UnreachableError(f"{name}: the Hub is unavailable (status {status}: {said})")
    return ValueError(f"{name}: the Hub refused the request (status {status}: {said})")


def _printable(text: str) -> str:
    """At most 200 characters, without the control codes that a terminal would obey."""
    return "".join(c for c in text if c.isprintable())[:200]


def _first_line(error: BaseException) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
