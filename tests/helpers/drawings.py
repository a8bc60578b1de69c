"""Drawings as the page sends them: a wall, and those that are refused."""

import base64
import zlib

import numpy as np

from pix2pix.labels.packed_ids import pack_ids

SIZE = 256
WALL = np.ones((SIZE, SIZE), np.uint8)


def packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


HOSTILE_DRAWINGS = {
    "nothing": (None, "must be a JSON object"),
    "a list": ([1, 2], "must be a JSON object"),
    "no ids": ({"seed": 1}, "ids is missing"),
    "ids of another type": ({"ids": [1] * 1000}, "must be a base64 text"),
    "not base64": ({"ids": "§§§"}, "not zlib-compressed"),
    "not zlib": ({"ids": base64.b64encode(bytes(99)).decode()}, "not zlib-compressed"),
    "too few": ({"ids": packed(bytes(100))}, "65536 ids; got 100"),
    "a bomb": ({"ids": packed(bytes(50_000_000))}, "65536 ids; got more"),
    "a long text": ({"ids": "A" * 300_000}, "more than a 256x256 drawing"),
    "a class that is not": ({"ids": packed(bytes([12]) * 65536)}, "0 to 11"),
    "a seed out of range": ({"ids": pack_ids(WALL), "seed": 10**9}, "seed must be"),
    "a seed in words": ({"ids": pack_ids(WALL), "seed": "7"}, "seed must be"),
    "a seed that is true": ({"ids": pack_ids(WALL), "seed": True}, "seed must be"),
    "large in words": ({"ids": pack_ids(WALL), "large": "yes"}, "large must be true or false"),
    "a style of another length": ({"ids": pack_ids(WALL), "style": [1.0]}, "style must be 3"),
    "a style in words": ({"ids": pack_ids(WALL), "style": "brick"}, "must be a list of numbers"),
    "a style of words": ({"ids": pack_ids(WALL), "style": ["1", "2", "3"]}, "style must be numb"),
    "a style of truths": ({"ids": pack_ids(WALL), "style": [True] * 3}, "style must be numbers"),
    "a style beyond all": ({"ids": pack_ids(WALL), "style": [1e300] * 3}, "style must be numb"),
    "a style of lists": ({"ids": pack_ids(WALL), "style": [[1], [2], [3]]}, "style must be numb"),
    "a long style": ({"ids": pack_ids(WALL), "style": [0.0] * 9999}, "style must be 3 numbers"),
    "a key that is not known": ({"ids": pack_ids(WALL), "sead": 7}, "there is no key of this name"),
    "an id that is none": ({"ids": pack_ids(WALL), "id": "1"}, "id must be a whole number"),
    "another format": ({"ids": pack_ids(WALL), "format": "gif"}, "format must be"),
}
