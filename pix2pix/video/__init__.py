"""Read and write videos with the programs ffmpeg and ffprobe, and steady their colours."""

_NAMES = "mp4 m4v mov mkv webm avi mpg mpeg m2v vob ts mts m2ts 3gp wmv flv ogv"
VIDEO_SUFFIXES = frozenset(f".{name}" for name in _NAMES.split())
