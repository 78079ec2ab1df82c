"""What of an item's earlier record stays when it is analysed again, or when somebody says whose face it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kenbaar.collections._records import Appearance, ItemAnalysis, Moment, Track


def merge_known(analysis: ItemAnalysis, known: Sequence[Appearance]) -> tuple[list[Track], list[Appearance]]:
    """The item's tracks from now on, and who is on them.

    That is what the analysis says, and of what was known what it does not replace: people it did not compare, where
    their face still is; and everything a person said, wherever it is: the face they pointed at stays one, whatever the
    detector says. known: of the same content. A person's word goes before a match, what was known before what is new.
    """
    tracks, stay = list(analysis.tracks), dict[int, Appearance]()
    for appearance in sorted(known, key=lambda a: a.how == "recognised"):
        if appearance.how == "recognised" and appearance.subject in analysis.compared:
            continue
        n = _same_face(appearance.track, tracks)
        if appearance.how != "recognised" and (n is None or n in stay):
            n, box = len(tracks), appearance.box
            tracks.append(
                replace(
                    appearance.track, n=n, key=Moment(box, None, appearance.track.key.at_s), by_hand=True, path=None
                )
            )
        if n is not None and n not in stay:
            stay[n] = replace(appearance, track=tracks[n])
    new = [
        a
        for a in analysis.appearances
        if a.n not in stay and not any(s.subject == a.subject and s.track.meets(a.track) for s in stay.values())
    ]
    return tracks, [*stay.values(), *new]


def replaced_by(appearance: Appearance, here: Sequence[Appearance]) -> list[Appearance]:
    """Which appearances of an item are over when somebody says of a face that it is theirs: whoever was on that
    track, and they themselves on another track at the same moment."""
    return [
        a for a in here if a.n == appearance.n or (a.subject == appearance.subject and a.track.meets(appearance.track))
    ]


def _same_face(track: Track, tracks: Sequence[Track]) -> int | None:
    """Which of these tracks is that face."""
    candidates = [t for t in tracks if t.meets(track)]
    nearest = track.box.nearest([t.box for t in candidates])
    return None if nearest is None else candidates[nearest].n
