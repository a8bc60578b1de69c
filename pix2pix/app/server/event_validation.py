"""What a browser or a program may ask of Gradio's queue, checked before Gradio reads it.

Gradio takes the form of a request on trust: an index that is none, a number that is not finite or
a file of another kind end in a server error and a traceback in the log.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from gradio.utils import get_upload_folder

from pix2pix.app.server.schemas import GONE, NOT_FETCHED, is_address

MAX_DEPTH = 32
MAX_VALUES = 20_000  # a drawing is one text; a photo has at most 256 hints of three values

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # of sessions and events
_FILE_KEYS: dict[str, tuple[type, ...]] = {
    "path": (str,),
    "url": (str, type(None)),
    "size": (int, type(None)),
    "orig_name": (str, type(None)),
    "mime_type": (str, type(None)),
    "is_stream": (bool,),
    "meta": (dict,),
}


class AddressError(ValueError):
    """A file is given by its address on the web."""


class EventKind(NamedTuple):
    """An event that can be asked for: its name for programs, and how many values it takes."""

    name: str | None  # None where it is the page's own affair
    inputs: int


def parse_json(content: bytes, takes_addresses: bool = False) -> Any:
    """The value of a JSON text, checked by `check_values`. ValueError says what is wrong."""
    try:
        value = json.loads(content, parse_constant=_refuse_constant)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise ValueError("the request is not valid JSON") from None
    check_values(value, takes_addresses)
    return value


def check_values(value: Any, takes_addresses: bool = False) -> None:
    """Raises ValueError for numbers that are not finite, broken text, files of others, or too much
    of all of it. A file may be one to be fetched from an address only if `takes_addresses`."""
    for count, (part, depth) in enumerate(_walk(value)):
        if count >= MAX_VALUES or depth > MAX_DEPTH:
            raise ValueError("the request holds more than any request here needs")
        if isinstance(part, float) and part - part != 0:  # 1e999 is read as infinite
            raise ValueError("numbers must be finite")
        if isinstance(part, str) and not part.isascii():
            try:
                part.encode()
            except UnicodeEncodeError:
                raise ValueError("text must be valid Unicode") from None
        if isinstance(part, dict) and _calls_itself_a_file(part):
            check_file(part, takes_addresses)


def check_file(file: Mapping[str, Any], takes_addresses: bool = False) -> None:
    """Raises ValueError unless the file is one that was uploaded here, described as Gradio does.

    Gradio would fetch a file from any address in the world, for anybody: AddressError.
    """
    known = all(
        key in _FILE_KEYS and isinstance(value, _FILE_KEYS[key]) for key, value in file.items()
    )
    path = file.get("path")
    if is_address(path):
        if known and takes_addresses:
            return
        raise AddressError(NOT_FETCHED)
    if not known or not isinstance(path, str) or "\0" in path or "://" in path:
        raise ValueError("a file must be described as the upload's answer does")
    try:
        resolved = Path(path).resolve()
        is_ours = resolved.is_relative_to(Path(get_upload_folder()).resolve())
        is_ours = is_ours and resolved.is_file()
    except OSError:  # a name longer than names can be
        is_ours = False
    if not is_ours:
        raise ValueError(GONE)


def check_event(body: Any, kinds: Mapping[int, EventKind], name: str | None = None) -> None:
    """Raises ValueError unless `body` asks for an event as a browser does.

    Where `name` is given, as a program does, in the path: of that event, without a session.
    """
    if not isinstance(body, dict):
        raise ValueError(f"an event must be a JSON object, got {type(body).__name__}")
    if name is None:
        index = body.get("fn_index")
        if type(index) is not int or index not in kinds:
            raise ValueError("fn_index must be the number of an event of this app")
        kind = kinds[index]
    else:
        named = [kind for kind in kinds.values() if kind.name == name]
        if not named:
            raise ValueError("there is no endpoint of this name")
        kind = named[0]
    data = body.get("data")
    if not isinstance(data, list) or len(data) != kind.inputs:
        raise ValueError(f"data must be a list of {kind.inputs} values")
    if body.get("batched"):
        raise ValueError("events are not batched here")
    session = body.get("session_hash")
    if (session is None and name is None) or not _is_name(session):
        raise ValueError("session_hash must be 1 to 64 letters or digits")
    if not _is_name(body.get("event_id")):
        raise ValueError("event_id must be 1 to 64 letters or digits")


def check_named(body: Any, endpoints: Mapping[str, Mapping[str, bool]], name: str) -> None:
    """Raises ValueError unless `body` has the parameters of the endpoint `name`.

    `endpoints` says of each parameter whether it may be left out.
    """
    if not isinstance(body, dict):
        raise ValueError(f"the parameters must be a JSON object, got {type(body).__name__}")
    known = endpoints.get(name)
    if known is None:
        raise ValueError("there is no endpoint of this name")
    names = ", ".join(known)
    for given in body:
        if given not in known:
            raise ValueError(f"there is no parameter of this name; there are: {names}")
    for wanted, can_lack in known.items():
        if not can_lack and wanted not in body:
            raise ValueError(f"{wanted} is missing; the parameters are: {names}")


def _is_name(value: Any) -> bool:
    return value is None or (isinstance(value, str) and _NAME.fullmatch(value) is not None)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"numbers must be finite, got {name}")


def _calls_itself_a_file(part: dict[str, Any]) -> bool:
    meta = part.get("meta")
    return "path" in part and isinstance(meta, dict) and "_type" in meta


def _walk(value: Any) -> Iterator[tuple[Any, int]]:
    """Every value within a JSON value, keys too, with its depth; without recursion."""
    waiting = [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        yield part, depth
        if isinstance(part, dict):
            waiting.extend((inner, depth + 1) for pair in part.items() for inner in pair)
        elif isinstance(part, list):
            waiting.extend((inner, depth + 1) for inner in part)
