"""Who a sweep looks for: the people of the pack in use, and those of older packs who have not renewed."""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from kenbaar.consent import RECOGNISING, Consents, Sessions
from kenbaar.gallery import ConsentedGallery
from kenbaar.matching import Threshold
from kenbaar.sweep._reanalyse import steady_threshold


@dataclass(frozen=True, slots=True)
class PackInUse:
    """A model pack a sweep runs with: where it lies, which it is, and the threshold that belongs to it."""

    folder: Path
    digest: str
    dim: int
    threshold: Threshold


@dataclass(frozen=True, slots=True)
class Compared:
    """Who is looked for with one pack, and from which score they are found."""

    pack: PackInUse
    gallery: ConsentedGallery
    threshold: Threshold

    @property
    def levels(self) -> str:
        """The threshold, as it is kept beside the grants an item was compared with."""
        t = self.threshold
        return f"{t.accept:.6f}/{t.strong:.6f}/{t.margin:.6f}"


def open_galleries(
    consents: Consents,
    packs: Sequence[PackInUse],
    wanted: Set[str],
    only: Collection[str] | None,
    sessions: Sessions,
) -> list[Compared]:
    """The people to be found, by pack: the first pack's, which may be nobody, and of the others those that have any.

    Each person once, with the first pack that they have a template of. The thresholds are those for all of them.
    """
    opened: list[tuple[PackInUse, ConsentedGallery]] = []
    left = set(wanted)
    try:
        for n, pack in enumerate(packs):
            if n and not left:
                break
            gallery = consents.open_gallery(
                RECOGNISING, pack.digest, sessions, only=only if not n else left, dim=pack.dim
            )
            left -= set(gallery.subjects)
            if len(gallery) or not n:
                opened.append((pack, gallery))
    except BaseException:
        for _, gallery in opened:
            gallery.wipe()
        raise
    people = sum(len(gallery) for _, gallery in opened)
    return [Compared(pack, gallery, steady_threshold(pack.threshold, people)) for pack, gallery in opened]
