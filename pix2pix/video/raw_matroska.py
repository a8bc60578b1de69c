"""Frames with times as a Matroska stream, which ffmpeg reads from a pipe.

Raw video alone has no times, and a variable frame rate would be lost. Elements: RFC 9559; sizes and
identifiers: RFC 8794.
"""

import numpy as np

_UNKNOWN_SIZE = b"\x01" + b"\xff" * 7
_TICK_NS = 1000


def _element(identifier: str, content: bytes) -> bytes:
    return bytes.fromhex(identifier) + (len(content) | 1 << 56).to_bytes(8, "big") + content


def _number(identifier: str, value: int) -> bytes:
    return _element(identifier, value.to_bytes(8, "big"))


def stream_header(width: int, height: int, frame_s: float) -> bytes:
    """The start of a stream of RGB frames, which last `frame_s` seconds by default."""
    ebml = _element("4282", b"matroska") + _number("4287", 4) + _number("4285", 2)
    video = _number("b0", width) + _number("ba", height) + _element("2eb524", b"RGB\x18")
    track = _number("d7", 1) + _number("73c5", 1) + _number("83", 1)
    track += _number("23e383", round(frame_s * 1e9)) + _element("86", b"V_UNCOMPRESSED")
    return b"".join(
        (
            _element("1a45dfa3", ebml),
            bytes.fromhex("18538067") + _UNKNOWN_SIZE,  # the segment: everything that follows
            _element("1549a966", _number("2ad7b1", _TICK_NS)),
            _element("1654ae6b", _element("ae", track + _element("e0", video))),
        )
    )


def frame_cluster(rgb: np.ndarray, time_s: float) -> bytes:
    """A cluster of one frame (H, W, 3) uint8 at a time of at least 0, to the microsecond."""
    block = _element("a3", b"\x81\0\0\x80" + np.ascontiguousarray(rgb).tobytes())
    return _element("1f43b675", _number("e7", round(time_s * 1e9 / _TICK_NS)) + block)
