"""Answers of the studio's own routes, and how an exception becomes one."""

import functools
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from pix2pix.app.gradio_compat import set_gradio_request
from pix2pix.inference import InferenceCancelledError

PRIVATE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
# A browser logs every answer with an error status to its console. A file that cannot be used is an
# expected result, so its refusal is an ordinary answer with the key "error".
FILE_REFUSED = 200
LEAVING_HEADER = "x-studio-leaving"

log = logging.getLogger("pix2pix")

Handler = Callable[[Request], Awaitable[Response]]


class RequestError(Exception):
    """A request that is refused: an HTTP status, and the reason in words for the visitor.

    `retry_after_s` tells programs when to try again.
    """

    def __init__(self, status: int, reason: str, retry_after_s: int | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason
        if retry_after_s is None and status == 503:
            retry_after_s = 5
        self.headers: dict[str, str] = {}
        if retry_after_s is not None:
            self.headers["retry-after"] = str(retry_after_s)


class LeavingError(RequestError):
    """The refusal of a server that drains or stops.

    The header lets a proxy tell it from a busy server, and send the visitor to another process.
    """

    def __init__(self) -> None:
        super().__init__(503, "The server is being stopped. Please try again in a minute.")
        self.headers[LEAVING_HEADER] = "1"


def unfinished(error: Exception) -> str:
    """The message for an unexpected error. It names the class of the error and nothing else."""
    return f"The server could not finish this ({type(error).__name__}). Please try again."


def refuse(reason: str, status: int, **more: Any) -> Response:
    """{"error": reason} as JSON."""
    return JSONResponse({"error": reason, **more}, status, headers=PRIVATE)


def answer_json(values: dict[str, Any], notices: Iterable[str] = ()) -> Response:
    """The values as JSON, with the notices joined under "notice" where there are any."""
    notice = " ".join(notices)
    return JSONResponse({**values, **({"notice": notice} if notice else {})}, headers=PRIVATE)


def answer_file(
    content: bytes, media_type: str, name: str, notices: Iterable[str] = ()
) -> Response:
    """A file. Its name and the notices travel URL-encoded in x-picture-name and x-notice."""
    headers = {
        **PRIVATE,
        "access-control-expose-headers": "x-picture-name, x-notice",
        "x-picture-name": quote(name),
    }
    if notice := " ".join(notices):
        headers["x-notice"] = quote(notice)
    return Response(content, media_type=media_type, headers=headers)


def answering(handler: Handler, about_file: bool = False) -> Handler:
    """Wraps a route's handler: exceptions become answers in words.

    A RequestError has its own status. InferenceCancelledError, raised where a newer request has
    replaced this one, is 204. A ValueError is 400, or FILE_REFUSED for a handler `about_file`.
    Anything else is 500 and is logged; for a handler `about_file` only by its class, because a
    message could describe somebody's photo.
    """

    @functools.wraps(handler)
    async def answer(request: Request) -> Response:
        set_gradio_request(request)
        try:
            return await handler(request)
        except RequestError as error:
            answer = refuse(error.reason, error.status)
            answer.headers.update(error.headers)
            return answer
        except InferenceCancelledError:
            return Response(status_code=204, headers=PRIVATE)
        except ClientDisconnect:
            if about_file:  # a new stroke aborts the request of an older one: nothing to report
                log.info("an upload was aborted by the client")
            return Response(status_code=400)  # nobody receives it
        except ValueError as error:
            return refuse(str(error), FILE_REFUSED if about_file else 400)
        except Exception as error:
            if about_file:
                log.error("%s failed: %s", handler.__name__, type(error).__name__)
            else:
                log.exception("%s failed", handler.__name__)
            return refuse(unfinished(error), 500)

    return answer
