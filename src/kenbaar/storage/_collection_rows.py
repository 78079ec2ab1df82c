"""Rows of the collection store's tables as values, and back; and what the seals of rows are of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kenbaar.collections import Appearance, Certainty, Collection, How, Item, Moment, Rejection, Track, TrackPath
from kenbaar.faces import Box
from kenbaar.keys import RecordValue
from kenbaar.storage._tables import appearances, items, rejections, tracks

ITEM = [items.c[n] for n in Item.__dataclass_fields__]
TRACK = [column for column in tracks.c if column.name != "steps"]
APPEARANCE = [appearances.c[n] for n in ("subject", "band", "how", "seen_at", "said_by", "confirmed_by")]


def drop_landmarks(c: sa.Connection) -> None:
    """Those of faces that are nobody's (any more) go."""
    on = sa.exists().where(appearances.c.item == tracks.c.item, appearances.c.n == tracks.c.n)
    c.execute(sa.update(tracks).where(tracks.c.landmarks.is_not(None), sa.not_(on)).values(landmarks=None))


ON_TRACKS = appearances.join(tracks, sa.and_(tracks.c.item == appearances.c.item, tracks.c.n == appearances.c.n))


SEEN = sa.select(appearances.c.seal, items.c.digest, *APPEARANCE, *TRACK).select_from(
    ON_TRACKS.join(items, items.c.id == tracks.c.item)
)


def appearance_of(
    subject: str,
    band: Certainty,
    how: How,
    seen_at: datetime,
    said_by: str | None,
    confirmed_by: str | None,
    *track: Any,
) -> Appearance:
    """From columns in the order of APPEARANCE and TRACK."""
    return Appearance(subject, track_of(*track), band, how, seen_at, said_by, confirmed_by)


def track_of(
    item: str,
    n: int,
    start_s: float | None,
    end_s: float | None,
    at_s: float | None,
    x_min: int,
    y_min: int,
    x_max: int,
    y_max: int,
    landmarks: bytes | None,
    by_hand: bool,
    path: str | None,
) -> Track:
    """From columns in the order of TRACK."""
    return Track(item, n, Moment(Box(x_min, y_min, x_max, y_max), landmarks, at_s), start_s, end_s, by_hand, path)


def collection_facts(collection: Collection) -> tuple[RecordValue, ...]:
    """What a collection's seal is of. Not the source: a folder may be moved, and its pictures are known by content."""
    who = (collection.mode, collection.reason, collection.officer, *collection.roster)
    return ("collection", collection.name, collection.follow_links, *who)


def appearance_facts(appearance: Appearance, digest: str | None) -> tuple[RecordValue, ...]:
    """What an appearance's seal is of: this person on this face of this content."""
    box, track = appearance.box, appearance.track
    place = (box.x_min, box.y_min, box.x_max, box.y_max, track.start_s, track.end_s, track.key.at_s)
    said = (appearance.band, appearance.how, appearance.seen_at, appearance.said_by, appearance.confirmed_by)
    path = () if track.path is None else (track.path,)
    return ("appearance", digest, appearance.subject, *said, *place, *path)


def item_row(item: Item) -> dict[str, Any]:
    return {n: getattr(item, n) for n in Item.__dataclass_fields__}


def track_row(track: Track, *, matched: bool, path: TrackPath | None = None) -> dict[str, Any]:
    """Ten numbers of a pack's choice are kept of people who agreed alone: of a stranger they could be a template."""
    key = track.key
    times = {"start_s": track.start_s, "end_s": track.end_s, "at_s": key.at_s}
    kept: dict[str, Any] = {"landmarks": key.landmarks if matched else None, "by_hand": track.by_hand}
    kept |= {"path_digest": track.path, "steps": path.packed() if path is not None else None}
    return {"item": track.item, "n": track.n, **times, **_sides(key.box), **kept}


def face_text(box: Box, at_s: float | None) -> str:
    """As Rejection.face."""
    return " ".join(map(str, (*box.as_list(), *(() if at_s is None else (at_s,)))))


def rejection_row(rejection: Rejection) -> dict[str, Any]:
    of = {n: getattr(rejection, n) for n in ("digest", "subject", "at_s", "rejected_at")}
    return {**of, **_sides(rejection.box)}


def _sides(box: Box) -> dict[str, int]:
    return {"x_min": box.x_min, "y_min": box.y_min, "x_max": box.x_max, "y_max": box.y_max}


def rejections_where(c: sa.Connection, where: sa.ColumnElement[bool]) -> list[Rejection]:
    rows = c.execute(sa.select(rejections).where(where)).all()
    return [Rejection(r.digest, r.subject, Box(*r[3:7]), r.rejected_at, r.at_s) for r in rows]


def is_rejected(seen: Appearance, digest: str | None, rejected: Sequence[Rejection]) -> bool:
    return any((r.digest, r.subject) == (digest, seen.subject) and r.is_of(seen.track) for r in rejected)
