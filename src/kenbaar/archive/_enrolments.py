"""Enrolling and renewing: from photos that come from outside to a template that only consent opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenbaar.archive._limits import photo_limits
from kenbaar.archive._packs import Packs, note_of
from kenbaar.consent import (
    COMPARING,
    ENGLISH,
    LOOSER_DECADES,
    Consents,
    Enrolled,
    Purpose,
    Sessions,
    read_live,
    read_portraits,
    read_reference,
    refuse_portrait_unasked,
)
from kenbaar.errors import EnrolmentRefused, UsageError
from kenbaar.faces import Box
from kenbaar.ledger import Journal
from kenbaar.matching import Threshold
from kenbaar.media import Photo, open_untrusted_photo
from kenbaar.modelpack import ModelPack
from kenbaar.policy import Actor, Event
from kenbaar.settings import Settings

NOBODY_OPENED = Sessions()  # no recovery code was brought along


class Enrolments:
    """Enrols people in one archive."""

    def __init__(
        self,
        settings: Settings,
        consents: Consents,
        packs: Packs,
        journal: Journal,
        detect_everybody: Callable[[Photo], Sequence[Box]],
    ) -> None:
        """detect_everybody: every face in a photo, as thoroughly as publishing looks."""
        self._detect_everybody = detect_everybody
        self._settings, self._consents, self._packs, self._journal = settings, consents, packs, journal
        self._limits = photo_limits(settings)

    def enrol(
        self,
        actor: Actor,
        token: str,
        photos: Sequence[Path],
        agreed: Sequence[str],
        sessions: Sessions = NOBODY_OPENED,
        portrait: Path | None = None,
        language: str = ENGLISH,
    ) -> Enrolled:
        """Enrols the person this token invites, with 1 to 5 photos of them, or with none: then by hand alone.

        Somebody enrolled already renews: then the photos must show who enrolled, and a key of their own needs their
        session. The photos come from outside: each is decoded in a process of its own, and dropped when the template
        is sealed. Of a portrait, which who agrees to `ask` may leave, head and shoulders are kept, sealed.
        """
        subject, invitation, _ = self._consents.offer(token)
        purposes = [Purpose.parse(p) for p in agreed]
        if portrait is not None:
            refuse_portrait_unasked([p for p in invitation.purposes if p in purposes])
            if not photos:
                raise UsageError(
                    "A portrait is compared with photos of you, and none were given.", "Give 1 to 5 photos with it."
                )
        if subject.enrolled_at is not None:
            self._consents.require_session(subject, sessions)
        opened = [self._open_untrusted(path) for path in photos]
        vectors = self._read_portraits(opened, self._packs.opened, self._packs.threshold) if photos else None
        pack = self._packs.threshold.pack if photos else ""
        kept = None
        if portrait is not None and vectors is not None:
            kept = self._read_reference(self._open_untrusted(portrait), vectors)
        if photos:
            with self._journal.writing():
                self._consents.store.set_notes(**{note_of(self._packs.opened.manifest): pack})

        if subject.enrolled_at is None:
            return self._consents.enrol(actor, token, vectors, pack, agreed=purposes, portrait=kept, language=language)
        if opened:
            self._refuse_somebody_else(actor, subject.id, opened, sessions)
        return self._consents.renew(
            actor, token, vectors, pack, agreed=purposes, sessions=sessions, portrait=kept, language=language
        )

    def read_live(self, photo: Path) -> NDArray[np.float32]:
        """The vector, (1, d), of somebody who is here, from a photo that comes from outside and is dropped at once."""
        return read_live(self._open_untrusted(photo), self._packs.opened)

    def _read_portraits(self, photos: Sequence[Photo], pack: ModelPack, point: Threshold) -> NDArray[np.float32]:
        return read_portraits(photos, pack, same_person=point.accept - LOOSER_DECADES * point.per_decade)

    def _read_reference(self, portrait: Photo, vectors: NDArray[np.float32]) -> bytes:
        point = self._packs.threshold
        return read_reference(
            portrait,
            vectors,
            self._packs.opened,
            same_person=point.accept - LOOSER_DECADES * point.per_decade,
            detect_everybody=self._detect_everybody,
        )

    def _refuse_somebody_else(self, actor: Actor, subject: str, photos: Sequence[Photo], sessions: Sessions) -> None:
        """Raises EnrolmentRefused where photos do not show who has the template here; nothing where there is none."""
        pack, point = self._packs.of(subject), self._packs.threshold_of(subject)
        gallery = self._consents.open_gallery(COMPARING, pack.digest, sessions, only={subject})
        if len(gallery):
            with self._journal.writing():
                gallery.recorded(self._journal.record(Event.COMPARE, sessions.actor(actor, subject), subject=subject))
            rows = gallery.rows_of(subject)
            gallery.wipe()
            same = self._read_portraits(photos, pack, point) @ rows.T
            rows[...] = 0
            if same.min() < point.accept - LOOSER_DECADES * point.per_decade:
                raise EnrolmentRefused(
                    f"These photos do not all seem to show who enrolled as {subject}.",
                    "Use photos of that person alone; somebody else needs an invitation of their own.",
                )

    def _open_untrusted(self, path: Path) -> Photo:
        return open_untrusted_photo(
            path,
            self._limits,
            timeout_s=self._settings.untrusted_seconds,
            memory_bytes=self._settings.untrusted_mb * 1_000_000,
            cpu_s=self._settings.untrusted_seconds,
        )
