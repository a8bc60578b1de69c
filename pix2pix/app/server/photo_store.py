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

from PIL import Image

from pix2pix.images.chroma_upsampling import measure_light
from pix2pix.images.convert import to_8_bit, to_rgb
from pix2pix.images.icc import to_srgb
from pix2pix.images.reader import open_image, read_size
from pix2pix.images.scan_analysis import ScanAnalysis, analyze_scan
from pix2pix.inference import PhotoSession

PREVIEW_SIDE = 1280  # pixels; what the page shows of a photo
QUICK_SIDE = 800  # and for the moment while a hand moves
PHOTOS_A_VISITOR = 6
MAX_BYTES = 384 << 20  # of all photos together: with them the app takes 1.5 GB
IDLE_S = 900
SWEEP_EVERY_S = 60

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

    @property
    def weight(self) -> int:
        """Bytes in memory: the file, three a pixel of its previews, two in their sessions."""
        pixels = sum(image.width * image.height for image in (self.preview, self.quick))
        return len(self.content) + 5 * pixels + len(self.result.content if self.result else b"")


def open_upload(content: bytes, name: str) -> KeptPhoto:
    """Raises ValueError "NAME: reason" for what is no picture that can be read."""
    size = read_size(content, name)
    image = open_image(content, name)  # whole: in a smaller one the dots of a print are gone
    notes = image.info.get("notes", ())
    sheet = to_8_bit(to_srgb(image))
    del image
    scan = analyze_scan(sheet, measure_light(sheet))
    sheet.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS)
    preview = to_rgb(sheet)
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

    def keep(self, key: Any, photo: KeptPhoto) -> str:
        """The id under which the visitor with this key, and nobody else, finds the photo."""
        check_key(key)
        photo_id = secrets.token_hex(16)
        with self._lock:
            self._photos[key, photo_id] = photo
            photo.used_at = self._clock()
            self._make_room(key)
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

    def hold_result(self, key: str, photo_id: str, result: Result) -> None:
        with self._lock:
            self.find(key, photo_id).result = result
            self._make_room(key)

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

    def _make_room(self, key: str) -> None:
        """The newest photo stays in any case."""
        own = [entry for entry in self._photos if entry[0] == key]
        for entry in own[:-PHOTOS_A_VISITOR]:
            del self._photos[entry]
        total = sum(photo.weight for photo in self._photos.values())
        while total > MAX_BYTES and len(self._photos) > 1:
            _, photo = self._photos.popitem(last=False)
            total -= photo.weight


def check_key(key: Any) -> None:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ValueError("a visitor's key is 32 hexadecimal digits")


# Photos of the Colourise tabs of every app that this process serves.
PHOTOS = PhotoStore()
