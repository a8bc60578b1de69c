"""Turns what went wrong into a sentence for the person in front of the screen."""

import functools
import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from pix2pix.runtime.user_warnings import collect_notices

logger = logging.getLogger(__name__)


def sentence(error: ValueError) -> gr.Error:
    """A ValueError's own words, shown without a traceback."""
    return gr.Error(as_text(str(error)), title="That did not work", print_exception=False)


def as_text(words: str) -> str:
    """The words without a tag in them. The page renders HTML in errors and warnings, programs print
    them as they are: entities would be read by the one and shown by the other."""
    return words.replace("<", "\u2039").replace(">", "\u203a")


def unfinished(error: Exception) -> str:
    """What a person hears of a fault of ours: nothing of its insides."""
    return f"The server could not finish this ({type(error).__name__}). Please try again."


def with_notices(function: Callable[..., Any], *args: Any) -> Any:
    """What the function returns; what it had to tell beside that is shown in the page."""
    with collect_notices() as notices:
        result = function(*args)
    for notice in notices:
        gr.Warning(as_text(notice), title="Please note")
    return result


def in_words(function: Callable[..., Any], takes: type = object) -> Callable[..., Any]:
    """Wraps a handler so that it only ever fails with a gr.Error that a person can read.

    One that `takes` a class refuses others: a component may be sent what another event takes.
    """

    @functools.wraps(function)
    def wrapped(*args: Any) -> Any:
        try:
            if args and not isinstance(args[0], takes):
                raise ValueError("this was sent for another purpose than it can have here")
            return with_notices(function, *args)
        except gr.Error:
            raise
        except ValueError as error:
            raise sentence(error) from None
        except Exception as error:
            logger.exception("%s failed", function.__name__)
            raise gr.Error(
                unfinished(error),
                title="That did not work",
                print_exception=False,
            ) from None

    return wrapped
