"""From files to batches.

`factory` finds a folder's examples (`discovery`, `splits`), checks them (`validation`), caches them
decoded (`image_cache`) at the size that `resize_crop` cuts views from, and makes a dataset of them
(`datasets`). `loader` orders and stacks its examples.
"""
