"""The one thing that can be searched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import ConsentMissing, UsageError, WrongModelPack
from kenbaar.gallery._compact import CompactRows
from kenbaar.gallery._look_alikes import LookAlikes
from kenbaar.gallery._rows import refuse_bad_rows


@dataclass(frozen=True, slots=True, eq=False)  # eq=False: comparing arrays with == is a trap
class ConsentedGallery:
    """The templates a search may see: of people with consent in force for all of `purposes`, at `opened_at`.

    pack:        digest of the model pack that made every row.
    subjects:    S ids, each once. S may be 0: nobody agreed, nobody is found.
    stored:      the rows, (R, d): float32, C-contiguous, writable, each of norm 1 within 1e-3; of a large gallery
                 CompactRows, a quarter of that. Never in repr, logs or errors. Searches decide the same on either.
    row_subject: int32 (R,), which subject each row is of; every subject has at least one row.
    stricter:    bool (S,), subjects with a look-alike: search asks more before it names them.
    told:        whether `stricter` says it; False: matching works it out within this gallery, for those for whom it
                 decides something (look_alikes).
    awaits_act:  opened from an archive, and the act it was opened for is not in the ledger yet: nothing is compared
                 with it and nothing of it goes anywhere until `recorded` says which entry that is.
    """

    pack: str
    purposes: frozenset[str]
    opened_at: datetime
    subjects: tuple[str, ...]
    stored: NDArray[np.float32] | CompactRows = field(repr=False)
    row_subject: NDArray[np.int32] = field(repr=False)
    stricter: NDArray[np.bool_] = field(repr=False)
    told: bool = True
    awaits_act: bool = False
    wiped: bool = field(default=False, init=False)
    look_alikes: LookAlikes = field(init=False, repr=False)

    @classmethod
    def of(
        cls,
        *,
        pack: str,
        purposes: Iterable[str],
        opened_at: datetime,
        subjects: Sequence[str],
        rows: NDArray[np.float32] | CompactRows,
        row_subject: NDArray[np.int32] | None = None,
        stricter: NDArray[np.bool_] | Collection[str] | None = None,
        awaits_act: bool = False,
    ) -> ConsentedGallery:
        """A gallery that takes `rows` over without copying it: the caller keeps no other copy and changes it no more.

        row_subject: None where row i is of subjects[i]. stricter: a mask over subjects, or the ids themselves; None:
        it is worked out within the gallery.
        Raises BadTemplate for anything that is not unit float32 rows, UsageError where the counts do not fit.
        """
        names = tuple(subjects)
        index = np.arange(len(names), dtype=np.int32) if row_subject is None else row_subject
        told = stricter is not None
        return cls(pack, frozenset(purposes), opened_at, names, rows, index, _mask(names, stricter), told, awaits_act)

    def __post_init__(self) -> None:
        if not isinstance(self.stored, CompactRows):
            refuse_bad_rows(self.stored)
        _refuse_bad_counts(self)
        object.__setattr__(self, "look_alikes", LookAlikes(len(self)))

    def __len__(self) -> int:
        """How many subjects can be found: the N of every rate."""
        return len(self.subjects)

    def __repr__(self) -> str:
        state = ", wiped" if self.wiped else ""
        purposes = " and ".join(sorted(self.purposes)) or "no purpose"
        return f"<ConsentedGallery: {len(self)} subjects, {len(self.stored)} rows of {self.dim}, for {purposes}{state}>"

    @property
    def dim(self) -> int:
        """d: numbers in a row."""
        return self.stored.dim if isinstance(self.stored, CompactRows) else int(self.stored.shape[1])

    @property
    def rows(self) -> NDArray[np.float32]:
        """The float32 matrix itself, not a copy. UsageError for a compact gallery, which has none."""
        if isinstance(self.stored, CompactRows):
            raise UsageError("A compact gallery has no float32 matrix.", "Ask for `rows_of` somebody, or `exact_rows`.")
        return self.stored

    def exact_rows(self, rows: NDArray[np.int32]) -> NDArray[np.float32]:
        """A copy of these rows, float32 (k, d), as exact as they were given."""
        exact: NDArray[np.float32] = (
            self.stored.exact(rows) if isinstance(self.stored, CompactRows) else self.stored[rows]
        )
        return exact

    def rows_of(self, subject: str) -> NDArray[np.float32]:
        """A copy of one subject's rows, (k, d); (0, d) for somebody who is not here. For a 1:1 comparison."""
        self.require_open()
        if subject not in self.subjects:
            return np.empty((0, self.dim), np.float32)
        own = np.flatnonzero(self.row_subject == self.subjects.index(subject))
        return self.exact_rows(own.astype(np.int32))

    def without(self, subjects: Collection[str]) -> ConsentedGallery:
        """The same gallery with these people gone (ids that are not here are nothing to do). The old one is wiped."""
        self.require_open()
        gone = frozenset(subjects)
        stays = np.fromiter((s not in gone for s in self.subjects), np.bool_, len(self.subjects))
        row_stays = stays[self.row_subject]
        renumbered = (np.cumsum(stays, dtype=np.int32) - 1).astype(np.int32)
        smaller = ConsentedGallery(
            self.pack,
            self.purposes,
            self.opened_at,
            tuple(s for s in self.subjects if s not in gone),
            self.stored.kept(row_stays) if isinstance(self.stored, CompactRows) else self.stored[row_stays],
            renumbered[self.row_subject[row_stays]],
            self.stricter[stays],
            self.told,
        )
        self.wipe()  # one copy only; and a search still running on the old rows sees zeros, which are nobody
        return smaller

    def wipe(self) -> None:
        """Overwrite every row with zeros. From then on every use is refused. Wiping twice is fine."""
        if isinstance(self.stored, CompactRows):
            self.stored.wipe()
        else:
            self.stored[...] = 0
        object.__setattr__(self, "wiped", True)

    def recorded(self, entry: int) -> None:
        """The act this gallery was opened for stands in the ledger, as entry `entry`: now it can be compared with.

        Raises UsageError for a number that is no entry's.
        """
        if entry < 0:
            raise UsageError(f"{entry} is no entry of the ledger.", "Record the act, and give what `record` returned.")
        object.__setattr__(self, "awaits_act", False)

    def require_open(self) -> None:
        """Raise ConsentMissing where nothing may be compared: the act is not recorded, or the gallery was wiped.

        A wiped one's zeros would answer "nobody" to everything.
        """
        if self.wiped:
            raise ConsentMissing("This gallery was closed and overwritten.", "Open it again; consents are read anew.")
        if self.awaits_act:
            raise ConsentMissing("No act stands in the ledger for this comparison.", "Record it before comparing.")

    def refuse_other_pack(self, pack: str) -> None:
        """Raise WrongModelPack for templates or thresholds of another pack: scores across packs mean nothing."""
        if pack != self.pack:
            raise WrongModelPack(
                f"The gallery was made with pack {self.pack}, the other side with {pack}.",
                "Use one pack for both, or ask people to renew their enrolment with the new one.",
            )

    def __reduce__(self) -> tuple[Callable[..., ConsentedGallery], tuple[Any, ...]]:
        """To a worker go the rows and what they mean, checked again on arrival; never a buffer they are a part of."""
        self.require_open()
        state = (self.pack, self.purposes, self.opened_at, self.subjects, self.stored, self.row_subject)
        return _arrived, (*state, self.stricter, self.told)


def _arrived(
    pack: str,
    purposes: frozenset[str],
    opened_at: datetime,
    subjects: tuple[str, ...],
    rows: NDArray[np.float32] | CompactRows,
    row_subject: NDArray[np.int32],
    stricter: NDArray[np.bool_],
    told: bool,
) -> ConsentedGallery:
    # Out-of-band pickles arrive read-only, and must be wipeable.
    own = rows if isinstance(rows, CompactRows) or rows.flags.writeable else rows.copy()
    return ConsentedGallery(pack, purposes, opened_at, subjects, own, row_subject, stricter, told)


def _mask(subjects: tuple[str, ...], stricter: NDArray[np.bool_] | Collection[str] | None) -> NDArray[np.bool_]:
    if isinstance(stricter, np.ndarray):
        return stricter
    ids = frozenset(stricter or ())
    return np.fromiter((s in ids for s in subjects), np.bool_, len(subjects))


def _refuse_bad_counts(gallery: ConsentedGallery) -> None:
    n, index = len(gallery.subjects), gallery.row_subject
    if len(set(gallery.subjects)) != n:
        raise UsageError("A subject is in the gallery twice.", "Give each subject once, and their rows in row_subject.")
    if gallery.opened_at.tzinfo is None:
        raise UsageError("A gallery was opened at a time without a zone.", "Give an aware UTC time.")
    if gallery.stricter.dtype != np.bool_ or gallery.stricter.shape != (n,):
        raise UsageError("`stricter` does not fit the subjects.", "Give one bool per subject, or their ids.")
    if index.dtype != np.int32 or index.shape != (len(gallery.stored),):
        raise UsageError("`row_subject` does not fit the rows.", "Give one int32 per row.")
    if len(index) and (int(index.min()) < 0 or int(index.max()) >= n):
        raise UsageError("A row belongs to nobody in the gallery.", "Leave it out: whose it is must be known.")
    if len(index) < n or not np.bincount(index, minlength=n).all():
        raise UsageError("A subject has no row in the gallery.", "Leave them out, or add their template.")
