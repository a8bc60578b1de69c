"""Adapts requests and pages of an app that is served under a prefix."""

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope, Send


def at_root(scope: Scope, path: str) -> Scope:
    """The scope of the same request for `path` of an app without a prefix."""
    return {**scope, "path": path, "raw_path": path.encode(), "root_path": ""}


def base_tags(prefix: str) -> str:
    """The tags for the head of a page under a prefix: relative addresses start at PREFIX/.

    Gradio's page expects its address to end in a slash. The first <base> of a document counts.
    The <link> is needed because a browser looks for the icon at the root of the site otherwise.
    """
    return f'<base href="{prefix}/" /><link rel="icon" href="favicon.ico" />'


def with_tags(send: Send, tags: str) -> Send:
    """`send` that inserts tags at the start of a page's <head>."""
    held: Message | None = None

    async def insert(message: Message) -> None:
        nonlocal held
        if message["type"] == "http.response.start":
            held = message
            return
        if held is not None:
            body = message.get("body", b"")
            longer = body.replace(b"<head>", b"<head>" + tags.encode(), 1)
            headers = MutableHeaders(raw=list(held["headers"]))
            if "content-length" in headers:
                length = int(headers["content-length"]) + len(longer) - len(body)
                headers["content-length"] = str(length)
            await send({**held, "headers": headers.raw})
            message, held = {**message, "body": longer}, None
        await send(message)

    return insert
