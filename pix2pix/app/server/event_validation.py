"""Checks programs' calls of Gradio's endpoints before Gradio reads them.

Gradio takes the form of a request on trust: a wrong index, a number that is not finite or a file of
another kind ends in a server error and a traceback in the log.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

from pix2pix.app.server.upload_cache import NOT_DESCRIBED, is_address, read_upload

MAX_DEPTH = 32
MAX_VALUES = 20_000

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
_MARK = {"_type": "gradio.FileData"}  # what Gradio takes for a file


class FileError(ValueError):
    """The value of a file parameter is no file of an upload here."""


class Endpoint(NamedTuple):
    """The parameters of an endpoint: a file, which must be given, and numbers, which need not."""

    file: str
    numbers: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.file, *self.numbers)


def parse_json(content: bytes) -> Any:
    """The value of a JSON text. Raises ValueError where it is none, has numbers that are not
    finite, broken text, or more values or levels than any call needs."""
    try:
        value = json.loads(content, parse_constant=_refuse_constant)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise ValueError("the request is not valid JSON") from None
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
    return value


def check_file(file: Any, takes_addresses: bool = False) -> dict[str, Any]:
    """The description of an uploaded file, as Gradio needs it.

    Raises FileError for anything else. An address on the web is an error unless `takes_addresses`:
    the request filter then replaces it by an upload, since Gradio would fetch any address.
    """
    is_given_address = isinstance(file, dict) and is_address(file.get("path"))
    path = {}
    try:
        if not (takes_addresses and is_given_address):
            path = {"path": str(read_upload(file).path)}
    except ValueError as error:
        raise FileError(str(error)) from None
    if not _is_described(file):
        raise FileError(NOT_DESCRIBED)
    kept = {key: value for key, value in file.items() if key != "url"}
    return {**kept, **path, "meta": _MARK}


def _is_described(file: Mapping[str, Any]) -> bool:
    return all(
        key in _FILE_KEYS and isinstance(value, _FILE_KEYS[key]) for key, value in file.items()
    )


def check_call(
    body: Any,
    names: Mapping[int, str],
    endpoints: Mapping[str, Endpoint],
    name: str | None = None,
    takes_addresses: bool = False,
) -> dict[str, Any]:
    """A call with values in order, {"data": [...]}, as Gradio needs it.

    It asks for an endpoint by its index, "fn_index", in a session; or by `name`, without one.
    Raises ValueError for any other body.
    """
    if not isinstance(body, dict):
        raise ValueError(f"an event must be a JSON object, got {type(body).__name__}")
    if name is None:
        index = body.get("fn_index")
        if type(index) is not int or index not in names:
            raise ValueError("fn_index must be the number of an event of this app")
        endpoint = endpoints[names[index]]
    else:
        endpoint = _find(endpoints, name)
    data = body.get("data")
    count = len(endpoint.names)
    if not isinstance(data, list) or len(data) != count:
        raise ValueError(f"data must be a list of {count} values")
    if body.get("batched"):
        raise ValueError("events are not batched here")
    session = body.get("session_hash")
    if (session is None and name is None) or not _is_name(session):
        raise ValueError("session_hash must be 1 to 64 letters or digits")
    if not _is_name(body.get("event_id")):
        raise ValueError("event_id must be 1 to 64 letters or digits")
    file, *numbers = data
    return {**body, "data": [check_file(file, takes_addresses), *map(_check_number, numbers)]}


def check_named_call(body: Any, endpoints: Mapping[str, Endpoint], name: str) -> dict[str, Any]:
    """A call with values by their parameters' names, as Gradio needs it. Raises ValueError."""
    if not isinstance(body, dict):
        raise ValueError(f"the parameters must be a JSON object, got {type(body).__name__}")
    endpoint = _find(endpoints, name)
    names = ", ".join(endpoint.names)
    for given in body:
        if given not in endpoint.names:
            raise ValueError(f"there is no parameter of this name; there are: {names}")
    if endpoint.file not in body:
        raise ValueError(f"{endpoint.file} is missing; the parameters are: {names}")
    numbers = {key: _check_number(body[key]) for key in endpoint.numbers if key in body}
    return {endpoint.file: check_file(body[endpoint.file]), **numbers}


def _find(endpoints: Mapping[str, Endpoint], name: str) -> Endpoint:
    if name not in endpoints:
        raise ValueError("there is no endpoint of this name")
    return endpoints[name]


def _check_number(value: Any) -> Any:
    """Numbers, texts and the like; the endpoint says what it expected. No files, no structures."""
    if isinstance(value, (dict, list)):
        raise ValueError(f"a number must be given, got {type(value).__name__}")
    return value


def _is_name(value: Any) -> bool:
    return value is None or (isinstance(value, str) and _NAME.fullmatch(value) is not None)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"numbers must be finite, got {name}")


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
