"""What everybody may know of an archive: who keeps it, under which law, what is done with pictures, for how long."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from kenbaar.acts._act import act
from kenbaar.archive import Archive
from kenbaar.errors import PackUnavailable
from kenbaar.policy import JURISDICTIONS, Actor, Permission


@dataclass(frozen=True, slots=True)
class AboutRequest:
    """Of this archive."""


@dataclass(frozen=True, slots=True)
class AboutAnswer:
    """modes: those that collections here have, without saying which. grant_days, invitation_days, case_days: how long a
    consent, an invitation and a question last at most. pack: the program that compares faces; notice: what its makers
    say of the people it learned from; both null where none is at hand. minor_under: years."""

    organisation: str
    jurisdiction: str
    law: str
    minor_under: int
    modes: tuple[str, ...]
    grant_days: int
    invitation_days: int
    case_days: int
    pack: str | None
    notice: str | None


@act("about", Permission.READ)
def about(archive: Archive, actor: Actor, request: AboutRequest) -> AboutAnswer:
    """What stands on the page for everybody. Nothing in it tells how many people there are, or who."""
    consents, settings = archive.consents, archive.settings
    row = JURISDICTIONS[consents.jurisdiction]
    pack = notice = None
    with suppress(PackUnavailable):
        manifest = archive.pack.manifest
        pack, notice = f"{manifest.name} {manifest.version}", manifest.notice
    return AboutAnswer(
        organisation=consents.organisation,
        jurisdiction=consents.jurisdiction,
        law=row.words,
        minor_under=row.minor_under,
        modes=tuple(sorted({c.mode for c in archive.collections.store.all()})),
        grant_days=min(settings.grant_days, row.longest_days or settings.grant_days),
        invitation_days=settings.invitation_days,
        case_days=min(30, settings.case_days),
        pack=pack,
        notice=notice,
    )
