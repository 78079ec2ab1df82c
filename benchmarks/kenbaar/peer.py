"""Kenbaar as a peer among others: the very path of a sweep, and that of a publication.

Ways: "identify PACK", "publish PACK" (everybody is looked for, masked, and the finished copy looked at again), and
"one-look PACK" (a sweep's look, masked, not looked at again: Kenbaar never does that; it shows what thoroughness
costs).
"""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.protocol import Answer, Beginning, Found, PeerRefused, Work, serve


def load(begin: Beginning) -> tuple[Work, dict[str, str]]:
    """The work, with everybody enrolled in a passing archive."""
    import cv2

    from kenbaar.archive import create_archive
    from kenbaar.consent import Purpose
    from kenbaar.errors import KenbaarError
    from kenbaar.modelpack import load_pack
    from kenbaar.settings import load_settings

    cv2.setNumThreads(1)
    way, name = begin.way.split()
    home = Path(tempfile.mkdtemp(prefix="kenbaar-peer-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    settings = replace(load_settings(home), pack=name, archive_url="", templates_url="")
    archive = create_archive(settings, "benchmark", "us")
    try:
        pack = load_pack(archive.packs.folder, threads=1)
        subjects = {}
        for person, photo in begin.people.items():
            invited = archive.consents.invite(person, [Purpose.parse("find")], holder="organisation")
            archive.enrolments.enrol(invited.token, [Path(photo)], agreed=["find"])
            subjects[invited.subject] = person
    except KenbaarError as err:
        raise PeerRefused(str(err)) from err
    versions = {"kenbaar": version("kenbaar"), "onnxruntime": version("onnxruntime"), "pack": name}
    if way == "identify":
        return _identify(archive, pack, subjects), versions
    return (_publish if way == "publish" else _one_look)(archive, pack), versions


def _identify(archive, pack, subjects) -> Work:  # type: ignore[no-untyped-def]
    from kenbaar.collections import EmbeddingPermit
    from kenbaar.consent import Sessions
    from kenbaar.policy import SYSTEM, Event
    from kenbaar.sweep import analyse_photo

    gallery = archive.consents.open_gallery(("find",), pack.digest, Sessions(), dim=pack.dim)
    gallery.recorded(archive.journal.record(Event.SWEEP, SYSTEM, collection="peer", mode="transient"))
    permit, threshold, limits = EmbeddingPermit("bench", "transient", "all"), archive.threshold, archive.limits
    side = pack.manifest.detector.long_side

    def work(photo: Path, _: Path) -> Answer:
        look = analyse_photo(photo, limits, pack, permit, gallery, threshold, detail_side=side)
        names = {seen.n: subjects[seen.subject] for seen in look.recognised}
        return Answer([Found(_corners(box), names.get(n)) for n, box in enumerate(look.faces)])

    return work


def _publish(archive, pack) -> Work:  # type: ignore[no-untyped-def]
    from kenbaar.publish._render import make_copy

    from kenbaar.media import digest_bytes

    limits = archive.limits

    def work(photo: Path, out: Path) -> Answer:
        copy = make_copy(
            photo, digest_bytes(photo.read_bytes()), limits, pack, known=(), reveals=(), mask_doubtful=False
        )
        target = out / photo.name
        target.write_bytes(copy.data)
        return Answer(written=str(target), held=bool(copy.problems))

    return work


def _one_look(archive, pack) -> Work:  # type: ignore[no-untyped-def]
    from kenbaar.media import Rights, open_photo
    from kenbaar.publish import plan_masks, render_copy

    limits = archive.limits

    def work(photo: Path, out: Path) -> Answer:
        opened = open_photo(photo, limits)
        faces = [face.box for face in pack.detect_faces(opened)]
        target = out / photo.name
        target.write_bytes(render_copy(opened, plan_masks(faces, [], opened.width, opened.height), Rights()))
        return Answer(written=str(target))

    return work


def _corners(box) -> tuple[float, float, float, float]:  # type: ignore[no-untyped-def]
    return box.x_min, box.y_min, box.x_max, box.y_max


if __name__ == "__main__":
    serve(load)
