"""Keeps visitors' photos in memory, for a short time, each under its visitor's secret key.

Nothing of a photo is written to disk. A browser keeps its own files and sends a photo again that
was dropped here, so the store can be small.
"""

import re
import secrets
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from pix2pix.images.chroma_upsampling import measure_light
from pix2pix.images.convert import to_8_bit, to_rgb
from pix2pix.images.deep_grey import is_deep
from pix2pix.images.icc import to_srgb
from pix2pix.images.reader import open_image, read_size
from pix2pix.images.scan_analysis import ScanAnalysis, analyze_scan
from pix2pix.inference import PhotoSession
from pix2pix.web.tab_props import PREVIEW_SIDE

QUICK_SIDE = 800  # pixels; for the moment while a hand moves
PHOTOS_A_VISITOR = 6
MAX_BYTES = 384 << 20  # of all photos together: with them the app takes 1.5 GB
MAX_PHOTOS = 2000  # of all visitors: many small ones would cost time to look through
OVERHEAD_BYTES = 8 << 10  # of a photo's objects besides pixels and file, measured: 5 kB
IDLE_S = 900
SWEEP_EVERY_S = 60
DEEP_NOTE = "has more than 8 bits of lightness, which PNG keeps and JPEG does not"

_KEY = re.compile(r"[0-9a-f]{32}")  # 128 bits from the browser's cryptographic generator


class PhotoGoneError(ValueError):
    """The photo is not, or no longer, in the store: the browser sends it again."""


class Result(NamedTuple):
    """A finished file, to be fetched once."""

    content: bytes
    media_type: str


@dataclass
class KeptPhoto:
    """An uploaded photo, and the smaller copies that the page works with."""

    name: str
    content: bytes
    size: tuple[int, int]  # width and height, upright
    preview: Image.Image  # RGB, no side over PREVIEW_SIDE
    quick: Image.Image  # the same, no side over QUICK_SIDE
    scan: ScanAnalysis
    notes: tuple[str, ...] = ()  # choices made while it was opened, in words
    sessions: dict[str, tuple[Any, PhotoSession]] = field(default_factory=dict)  # by copy
    result: Result | None = None
    used_at: float = 0.0
    client: str = ""  # address of the visitor, who makes room for own photos first

    @property
    def weight(self) -> int:
        """Bytes in memory: the file, the previews, their sessions' arrays, the finished file."""
        parts = (self.content, self.preview, self.quick, self.result, *self.sessions.values())
        return OVERHEAD_BYTES + sum(map(bytes_in_memory, parts))


def bytes_in_memory(value: Any) -> int:
    """The bytes of the arrays, images and texts in a value, one level of attributes deep.

    Pillow stores a pixel in one byte in mode L, in four in the other modes of a preview.
    """
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, Image.Image):
        inner = sum(map(bytes_in_memory, value.info.values()))
        return value.width * value.height * (1 if value.mode in ("1", "L", "P") else 4) + inner
    if isinstance(value, (bytes, str)):
        return len(value)
    if isinstance(value, (tuple, list)):
        return sum(map(bytes_in_memory, value))
    if isinstance(value, PhotoSession):
        return sum(map(bytes_in_memory, vars(value).values()))
    return 0


def open_upload(content: bytes, name: str) -> KeptPhoto:
    """The photo, its previews without metadata: a saved file takes it from `content`.

    Raises ValueError "NAME: reason" for what is no picture that can be read.
    """
    size = read_size(content, name)
    image = open_image(content, name)  # whole: in a smaller one the dots of a print are gone
    notes = image.info.get("notes", ())
    if is_deep(image):
        notes = (*notes, DEEP_NOTE)
    canvas = to_8_bit(to_srgb(image))
    del image
    scan = analyze_scan(canvas, measure_light(canvas))
    canvas.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS)
    preview = to_rgb(canvas).copy()  # of its own class: a PngImageFile keeps all texts
    preview.info = {}
    quick = preview.copy()
    quick.thumbnail((QUICK_SIDE, QUICK_SIDE), Image.Resampling.BOX)
    return KeptPhoto(name, content, size, preview, quick, scan, notes)


class PhotoStore:
    """Photos by (visitor's key, id); the least recently used ones make room for new ones."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._photos: OrderedDict[tuple[str, str], KeptPhoto] = OrderedDict()
        self._pages: Counter[str] = Counter()  # open ones, by their visitor's key
        self._timer: threading.Timer | None = None

    def __len__(self) -> int:
        return len(self._photos)

    @property
    def weight(self) -> int:
        """Bytes of all photos in memory."""
        with self._lock:
            return sum(photo.weight for photo in self._photos.values())

    def keep(self, key: Any, photo: KeptPhoto, client: str = "") -> str:
        """The id under which the visitor with this key, and nobody else, finds the photo.

        `client` is the visitor's address. Raises ValueError for a key that could be guessed.
        """
        check_key(key)
        photo_id = secrets.token_hex(16)
        photo.client = client
        with self._lock:
            self._photos[key, photo_id] = photo
            photo.used_at = self._clock()
            own = [entry for entry in self._photos if entry[0] == key]
            for entry in own[:-PHOTOS_A_VISITOR]:
                del self._photos[entry]
            self.make_room()
            self._arm()
        return photo_id

    def find(self, key: Any, photo_id: Any) -> KeptPhoto:
        """Raises PhotoGoneError, also for a photo of another visitor."""
        with self._lock:
            known = isinstance(key, str) and isinstance(photo_id, str)
            photo = self._photos.get((key, photo_id)) if known else None
            if photo is None:
                raise PhotoGoneError("this photo is no longer here: please open it again")
            photo.used_at = self._clock()
            self._photos.move_to_end((key, photo_id))
            return photo

    def holds(self, key: Any) -> bool:
        """Whether the visitor with this key has photos here."""
        with self._lock:
            return any(entry[0] == key for entry in self._photos)

    def hold_result(self, key: str, photo_id: str, result: Result) -> None:
        with self._lock:
            self.find(key, photo_id).result = result
            self.make_room()

    def take_result(self, key: Any, photo_id: Any) -> Result:
        """The finished file of a photo, which is forgotten here with that."""
        with self._lock:
            photo = self.find(key, photo_id)
            if photo.result is None:
                raise PhotoGoneError("there is no finished photo to fetch")
            result, photo.result = photo.result, None
            return result

    def drop(self, key: str, photo_id: str) -> None:
        with self._lock:
            self._photos.pop((key, photo_id), None)

    def end(self, key: str) -> None:
        """Forgets everything of a visitor."""
        with self._lock:
            for entry in [entry for entry in self._photos if entry[0] == key]:
                del self._photos[entry]

    def arrive(self, key: str) -> None:
        """A page of the visitor is open, see `leave`."""
        with self._lock:
            self._pages[key] += 1

    def leave(self, key: str) -> None:
        """A page was closed. With the visitor's last page their photos are forgotten."""
        with self._lock:
            self._pages[key] -= 1
            if self._pages[key] <= 0:
                del self._pages[key]
                self.end(key)

    def sweep(self) -> None:
        """Forgets photos that were not used for IDLE_S: not every page says when it closes."""
        with self._lock:
            oldest = self._clock() - IDLE_S
            for entry in [e for e, photo in self._photos.items() if photo.used_at < oldest]:
                del self._photos[entry]
            self._timer = None
            if self._photos:
                self._arm()

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(SWEEP_EVERY_S, self.sweep)
            self._timer.daemon = True
            self._timer.start()

    def make_room(self) -> None:
        """Drops photos over MAX_BYTES and MAX_PHOTOS: the least recently used of the client that
        holds the most. To be called after a photo has grown, too.

        So a client that sends many photos, under any number of keys, replaces its own.
        """
        with self._lock:
            weights = {entry: photo.weight for entry, photo in self._photos.items()}
            held: Counter[str] = Counter()
            for entry, weight in weights.items():
                held[self._photos[entry].client] += weight
            while len(weights) > 1:
                if sum(held.values()) <= MAX_BYTES and len(weights) <= MAX_PHOTOS:
                    return
                client, _ = held.most_common(1)[0]
                entry = next(e for e in weights if self._photos[e].client == client)
                held[client] -= weights.pop(entry)
                del self._photos[entry]


def check_key(key: Any) -> None:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ValueError("a visitor's key is 32 hexadecimal digits")


# Photos of the Colourise tabs of every app that this process serves.
PHOTOS = PhotoStore()
