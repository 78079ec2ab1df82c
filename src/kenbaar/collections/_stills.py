"""One moment of an item as a still picture, and where the faces are in it."""

from __future__ import annotations

from dataclasses import dataclass

from kenbaar.collections._records import CollectionStore, Item, Track
from kenbaar.faces import Box

NOWHERE = Box(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Still:
    """at_s: which moment, seconds; None: of a photo. faces: where each track is then, by number; NOWHERE where it is
    not there."""

    at_s: float | None
    faces: tuple[Box, ...]


def still_of(store: CollectionStore, item: Item, n: int | None = None) -> Still:
    """The moment that stands for track n; None: the one in which most tracks are there. A photo has one moment."""
    tracks = store.tracks(item.id)
    if item.kind == "photo":
        return Still(None, tuple(track.box for track in tracks))
    if n is not None and n < len(tracks):
        at_s = tracks[n].key.at_s or 0.0
    else:
        moments = [track.key.at_s or 0.0 for track in tracks]
        at_s = max(moments, key=lambda t: (sum(track.is_there(t) for track in tracks), -t), default=0.0)
    paths = store.paths(item.id)

    def place(track: Track) -> Box:
        if not track.is_there(at_s):
            return NOWHERE
        return paths[track.n].box_at(at_s) if track.n in paths else track.box

    return Still(at_s, tuple(place(track) for track in tracks))
