"""The order of the test files and which of them share a worker.

The longest come first, so that both workers are busy to the end. Those that take the most memory,
by several processes or by the shipped models, stand apart.
"""

from collections.abc import Iterable

import pytest

# Of little memory: while one worker has these, the other one has Ray's processes of 1.6 GB.
BESIDE_RAY = (
    "test_tiff_hostile",
    "test_discovery",
    "test_resize_crop",
    "test_line_drawing",
    "test_scan_analysis",
    "test_halftone",
)
# One worker has all of these, as long as there is other work, so that one Chromium is enough.
IN_BROWSER = (
    "test_site_in_browser",
    "test_site_pictures",
    "test_browser_models",
    "test_browser_engine",
    "test_browser_repair",
    "test_browser_repair_kept",
    "test_browser_tools",
    "test_browser_files",
    "test_browser_proxy",
    "test_browser_studio",
    "test_browser_keyboards",
    "test_browser",
    "test_browser_colorize",
    "test_browser_shapes",
    "test_browser_hints",
    "test_browser_hands",
    "test_browser_screens",
    "test_browser_nothing_lost",
    "test_browser_without_network",
    "test_site_faults",
    "test_site_webgpu",
    "test_site_photo_tabs",
    "test_browser_codec",
    "test_browser_sheets",
    "test_browser_zoom",
    "test_browser_looks",
    "test_site_in_firefox",
)
# A file that is not here takes less than 10 s.
LONGEST = (
    "test_properties",
    "test_ray_command",
    *BESIDE_RAY,
    *IN_BROWSER,
    "test_loop",
    "test_distributed",
    "test_loop_saves",
    "test_loop_stops",
    "test_torchrun",
    "test_hostile_files",
    "test_hostile_requests",
    "test_faults",
    "test_several_processes",
    "test_checkpoints_off",
    "test_colorize_album",
    "test_precision",
    "test_unpaired",
    "test_colorize_engine",
    "test_colorize_service",
    "test_label_reader_engine",
    "test_packaging",
    "test_space",
    "test_zerogpu_space",
    "test_backends",
    "test_disk_share",
    "test_image_commands",
    "test_memory",
    "test_documents",
    "test_video_commands",
    "test_video_files",
    "test_facades_hd",
    "test_enhanced_drawing",
    "test_recipe",
    "test_site",
    "test_photo_store",
    "test_draw_routes",
    "test_gradio_compat",
    "test_examples",
    "test_train_step",
    "test_malloc",
    "test_loop_starts",
    "test_publish",
)
# Files that share what takes seconds to start: an app that is attacked, a process to fork from,
# which has imported the app, train.py or the libraries, the app with the checkpoints of the repo.
TOGETHER = {
    "test_hostile_files": "forked",
    "test_hostile_requests": "forked",
    "test_faults": "forked",
    "test_several_processes": "forked",
    "test_checkpoints_off": "forked",
    "test_colorize_album": "forked",
    "test_precision": "forked",
    "test_loop": "forked",
    "test_loop_saves": "forked",
    "test_loop_stops": "forked",
    "test_distributed": "forked",
    "test_torchrun": "forked",
    "test_packaging": "programs",
    "test_space": "programs",
    "test_zerogpu_space": "programs",
    "test_backends": "programs",
    "test_disk_share": "programs",
    "test_image_commands": "programs",
    "test_memory": "programs",
    "test_browser": "studio",
    "test_browser_colorize": "studio",
}
_PLACES = {name: place for place, name in enumerate(LONGEST)}


def by_duration(item: pytest.Item) -> int:
    """A sort key; files that are equally far keep their order."""
    return _PLACES.get(item.path.stem, len(LONGEST))


def next_group(waiting: Iterable[str], elsewhere: Iterable[str]) -> str:
    """Which of the groups that wait a worker gets, while the other workers have `elsewhere`."""
    groups = list(waiting)
    if not _BROWSER_GROUPS.isdisjoint(elsewhere):
        groups = [name for name in groups if name not in _BROWSER_GROUPS] or groups
    return groups[0]


def group(name: str) -> str:
    """The name of the tests that run in one worker with the file `name`, or `name` itself."""
    return TOGETHER.get(name, name)


_BROWSER_GROUPS = frozenset(map(group, IN_BROWSER))
