"""Turns exceptions of the endpoints for programs into errors that a person can read."""

import functools
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import gradio as gr

from pix2pix.app.server.answers import RequestError, unfinished

log = logging.getLogger("pix2pix")


def user_error(message: str) -> gr.Error:
    """The message as an error that is shown without a traceback."""
    return gr.Error(without_tags(message), title="That did not work", print_exception=False)


def show_notices(notices: Iterable[str]) -> None:
    """Shows each notice beside the result of the call that runs."""
    for notice in notices:
        gr.Warning(without_tags(notice), title="Please note")


def without_tags(message: str) -> str:
    """The message with other angle brackets: a page would render tags, a program print entities."""
    return message.replace("<", "\u2039").replace(">", "\u203a")


def as_user_error(function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Wraps an endpoint so that it fails with nothing but a gr.Error in plain words.

    Of an unexpected error the class alone is logged and shown: a message could describe a photo.
    """

    @functools.wraps(function)
    async def wrapped(*args: Any) -> Any:
        try:
            return await function(*args)
        except RequestError as error:
            raise user_error(error.reason) from None
        except ValueError as error:
            raise user_error(str(error)) from None
        except Exception as error:
            log.error("%s failed: %s", function.__name__, type(error).__name__)
            raise user_error(unfinished(error)) from None

    return wrapped
