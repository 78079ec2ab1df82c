"""What is compared with what: the rows of the tables, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Task = Literal["identify", "mask"]


@dataclass(frozen=True, slots=True)
class Row:
    """One way of doing one task.

    folder: of its environment. way: what its peer.py is told. peer: whose peer.py that is, if not the folder's own.
    mask_colour: what it paints faces with. weights: a folder that must hold them, because no package index does.
    """

    id: str
    label: str
    task: Task
    folder: str
    way: str
    peer: str = ""
    mask_colour: tuple[int, int, int] | None = None
    weights: str = ""


GREY, BLACK = (64, 64, 64), (0, 0, 0)
ROWS = (
    Row("kenbaar", "Kenbaar", "identify", "kenbaar", "identify default"),
    Row("kenbaar-fast", "Kenbaar, pack fast", "identify", "kenbaar", "identify fast"),
    Row("face_recognition", "face_recognition", "identify", "face_recognition", "1"),
    Row("face_recognition-0", "face_recognition, not enlarging", "identify", "face_recognition", "0"),
    Row("deepface", "DeepFace, detector opencv", "identify", "deepface", "opencv"),
    Row("deepface-mtcnn", "DeepFace, detector mtcnn", "identify", "deepface_mtcnn", "mtcnn", peer="deepface"),
    Row(
        *("insightface", "insightface, buffalo_l", "identify", "insightface", "buffalo_l"),
        weights="~/.insightface/models/buffalo_l",
    ),
    Row("kenbaar-publish", "Kenbaar, publish", "mask", "kenbaar", "publish default", mask_colour=GREY),
    Row("kenbaar-publish-fast", "Kenbaar, publish, pack fast", "mask", "kenbaar", "publish fast", mask_colour=GREY),
    Row("kenbaar-one-look", "Kenbaar, one look, unchecked", "mask", "kenbaar", "one-look default", mask_colour=GREY),
    Row("deface", "deface", "mask", "deface", "solid", mask_colour=BLACK),
)
REFERENCE: dict[Task, str] = {"identify": "kenbaar", "mask": "kenbaar-publish"}
"""What the others of a task are divided by."""
TITLES: dict[Task, str] = {"identify": "Finding and naming everybody", "mask": "Masking everybody"}


def chosen(only: list[str]) -> list[Row]:
    """The rows with these ids or of these folders, and what they are divided by; all, where none is named.

    Raises ValueError with a sentence for a name that is none.
    """
    known = {name for row in ROWS for name in (row.id, row.folder)}
    if strange := sorted(set(only) - known):
        raise ValueError(f"There is no peer {strange[0]!r}. Choose among: {', '.join(sorted(known))}.")
    if not only:
        return list(ROWS)
    asked = {row.id for row in ROWS if row.id in only or row.folder in only}
    return [row for row in ROWS if row.id in asked | {REFERENCE[r.task] for r in ROWS if r.id in asked}]
