"""The process in which videos are decoded and copies are encoded. It is started by _outside alone.

It is handed descriptors, never a path: the file to read, memory to put frames in, and the file a copy is written to.
Before the first byte of a video is parsed everything is loaded and the door is closed: no other file, no socket and no
pipe can be opened any more. It holds no key, no gallery and no template; where people are it is told in boxes.

One process reads one video. The request is one line of JSON on stdin; answers are lines of JSON on stdout. In "look" a
frame is answered for every slot of the memory that is free; a byte on stdin frees one.
"""

from __future__ import annotations

import json
import mmap
import os
import resource
import sys
from typing import Any

BEGIN = "import sys; sys.path.insert(0, sys.argv[1]); from kenbaar.video._child import main; sys.exit(main())"
OUT_OF_MEMORY = 3
NOT_WRITTEN = 4
_MOST_REQUEST = 1 << 16
_SAME_MOMENT_S = 0.0005


def main() -> int:
    """Arguments: descriptors of the source, of the shared memory and of the copy (-1: none); the memory's bytes, and
    the most address space beside it."""
    source, memory, out, shared_bytes, most_bytes = (int(a) for a in sys.argv[2:7])
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, most_bytes + shared_bytes)
    if out < 0:
        _limit(resource.RLIMIT_FSIZE, 0)
    shared = mmap.mmap(memory, shared_bytes) if memory >= 0 else None
    if memory >= 0:
        os.close(memory)
    _load()
    _limit(resource.RLIMIT_NOFILE, 0)
    try:
        return _serve(source, shared, out)
    except MemoryError:
        return OUT_OF_MEMORY


def _load() -> None:
    """Everything that PyAV imports when it first meets a kind of stream; afterwards it could not."""
    import importlib
    import pkgutil

    import av

    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name.rpartition(".")[2] not in ("__main__", "datasets"):
            importlib.import_module(module.name)
    import kenbaar.video._decode
    import kenbaar.video._render
    import kenbaar.video._tone  # noqa: F401

    av.logging.set_level(None)


def _serve(source: int, shared: mmap.mmap | None, out: int) -> int:
    from kenbaar.text import read_json
    from kenbaar.video._limits import UnfitVideo

    request = read_json(sys.stdin.buffer.readline(_MOST_REQUEST), big_integers=True)
    try:
        with os.fdopen(source, "rb", buffering=0) as file:
            if out >= 0:
                return _render(request, file, out)
            return _look(request, file, shared)
    except UnfitVideo as unfit:
        if isinstance(unfit.__cause__, MemoryError):
            return OUT_OF_MEMORY
        _say({"why": unfit.why, "do": unfit.do})
        return 0


def _open(request: dict[str, Any], file: Any) -> Any:
    from kenbaar.video._decode import Video
    from kenbaar.video._limits import VideoLimits

    return Video(file, VideoLimits(**request["limits"]), request["threads"])


def _info(video: Any) -> dict[str, object]:
    """Once the first frame is there, which alone says how it is turned."""
    width, height = video.turn.size(*video.size)
    sound = video.sound
    used = 1 + (sound is not None)
    return {
        "format": video.form.name,
        "width": width,
        "height": height,
        "duration_s": video.duration_s,
        "codec": video.stream.codec_context.name,
        "sound": sound.codec_context.name if sound is not None else None,
        "hdr": video.hdr,
        "other_streams": max(0, len(video.container.streams) - used),
        "tags": sorted(video.container.metadata)[:20],
        "taken_at": str(video.container.metadata.get("creation_time", ""))[:40],
        "tick_s": [video.tick_s.numerator, video.tick_s.denominator],
        "start_s": [video.start_s.numerator, video.start_s.denominator],
    }


def _end(video: Any) -> dict[str, object]:
    return {"frames": video.frames, "end_pts": video.end_pts, "problems": video.problems()}


def _look(request: dict[str, Any], file: Any, shared: mmap.mmap | None) -> int:
    """Frames, as often as is asked for: at a cut; `every_s` after the last one; sooner, from `moving_s` on, where the
    picture changed; and later, up to `still_s`, where it did not. Or the frame at `at_s` alone."""
    import numpy as np

    from kenbaar.video._decode import Cuts

    video = _open(request, file)
    assert shared is not None
    slots, wanted_s = request["slots"], request.get("at_s")
    cuts, since, told, last_s, n = Cuts(), list[int](), False, -1e9, -1
    is_cut, free = False, list(range(slots))
    if wanted_s is not None:
        video.seek(wanted_s)
    for pts, frame in video.coded_frames():
        n += 1
        if not told:
            _say({"info": _info(video)})
            told = True
        since.append(pts)
        at_s = float(pts * video.tick_s)
        is_cut |= cuts.is_cut(frame)
        if wanted_s is not None:
            due = at_s - float(video.start_s) >= wanted_s - _SAME_MOMENT_S
        else:
            gone_s = at_s - last_s + 1e-6
            due = (
                is_cut
                or gone_s >= request["still_s"]
                or (gone_s >= request["moving_s"] and (changed := cuts.changed()) >= request["stir"]
                    and (gone_s >= request["every_s"] or changed >= 3 * request["stir"]))
            )  # fmt: skip
        if not due:
            continue
        if not free:
            freed = sys.stdin.buffer.read(1)
            if not freed:
                return 0
            free.append(freed[0])
        slot = free.pop(0)
        pixels = video.upright_rgb(frame)
        place = np.frombuffer(shared, np.uint8, pixels.size, slot * request["slot_bytes"]).reshape(pixels.shape)
        place[...] = pixels
        _say({"slot": slot, "n": n, "cut": is_cut, "pts": since})
        if wanted_s is not None:
            return 0
        cuts.mark()
        since, is_cut, last_s = [], False, at_s
    if not told:
        _say({"why": "holds no frame that decodes", "do": "Copy it again, or leave it out."})
        return 0
    _say({"end": {**_end(video), "pts": since}})
    return 0


def _render(request: dict[str, Any], file: Any, out: int) -> int:
    import numpy as np

    from kenbaar.video._render import MaskTable, render

    rows = np.frombuffer(sys.stdin.buffer.read(24 * request["rows"]), "<i4").reshape(-1, 6)
    pts = np.frombuffer(sys.stdin.buffer.read(8 * request["frames"]), "<i8")
    video = _open(request, file)
    with os.fdopen(out, "r+b", buffering=1 << 20) as target:
        try:
            for done in render(video, target, MaskTable(rows, pts), keep_sound=request["keep_sound"]):
                _say({"done": done})
            target.flush()
        except OSError as err:
            _say({"errno": err.errno or 5})
            return NOT_WRITTEN
    _say({"end": _end(video)})
    return 0


def _say(answer: dict[str, object]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


def _limit(which: int, most: int) -> None:
    """Sets a limit, and never above the one that whoever started Kenbaar has set."""
    highest = resource.getrlimit(which)[1]
    if highest != resource.RLIM_INFINITY:
        most = min(most, highest)
    resource.setrlimit(which, (most, most))
