"""What is made of the faces in a photo that somebody asks about becomes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kenbaar.asking import AskedPack, Probe, Question
from kenbaar.asking._limits import MOST_PEOPLE, GalleryWalk
from kenbaar.consent import Sessions
from kenbaar.errors import PhotoUnreadable
from kenbaar.faces import Face, Template
from kenbaar.media import Photo, open_photo
from kenbaar.policy import Actor, Event
from tests.rights.party import Party, a_party

EDDY = Actor("staff", "a-00000000", "editor")


class Kept:
    """A pack that remembers every template it made."""

    def __init__(self, pack: Any) -> None:
        self._pack, self.made = pack, list[Template]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pack, name)

    def make_templates(self, photo: Photo, faces: Sequence[Face]) -> list[Template]:
        made: list[Template] = self._pack.make_templates(photo, faces)
        self.made += made
        return made


@pytest.fixture
def party(tmp_path: Path, tiny_pack_folder: Path) -> Iterator[Party]:
    with a_party(tmp_path, tiny_pack_folder) as p:
        p.enrol("Ada", 1, ("ask",))
        yield p


def asked(party: Party, *faces: int) -> tuple[list[Template], Any]:
    party.photo("probe.jpg", *faces)
    photo = open_photo(party.photos / "probe.jpg")
    pack = Kept(party.archive.pack)
    packs = [AskedPack(pack, party.archive.threshold)]  # type: ignore[arg-type]
    question = Question("a caption for a book", "archive", (photo.digest,))
    case = party.archive.searches.search(EDDY, question, lambda: [Probe("p", photo)], lambda: packs, Sessions())
    return pack.made, case


@pytest.mark.parametrize("faces", [(1, 40), (40, 41)], ids=["somebody who agreed and a stranger", "strangers"])
def test_every_template_is_overwritten_before_the_answer(party: Party, faces: tuple[int, ...]) -> None:
    made, case = asked(party, *faces)
    assert len(made) == len(case.faces) == 2
    assert all(not template.vector.any() for template in made)


def test_templates_are_made_also_where_nobody_can_be_the_answer(party: Party) -> None:
    """So it takes the same time, and tells nobody that nobody agreed."""
    party.archive.leaving.withdraw(EDDY_THE_OFFICER, party.people["Ada"].subject)
    made, case = asked(party, 1)
    assert len(made) == 1 and case.faces[0].candidates == ()


def test_a_photo_that_is_another_when_it_is_read_is_not_asked_about(party: Party) -> None:
    party.photo("probe.jpg", 1)
    photo = open_photo(party.photos / "probe.jpg")
    other = replace(photo, digest="sha256:another")
    question = Question("a caption for a book", "archive", (photo.digest,))
    with pytest.raises(PhotoUnreadable):
        party.archive.searches.search(
            EDDY, question, lambda: [Probe("p", other)], party.archive.packs.asked, Sessions()
        )
    assert party.archive.cases.all() == []


def test_a_single_question_that_would_show_more_people_than_a_day_allows_shows_nobody(party: Party) -> None:
    party.enrol("Bob", 2, ("ask",))
    for n in range(MOST_PEOPLE - 1):
        party.archive.journal.record(Event.CANDIDATE, EDDY, subject=f"s-{n}", case="c-x", reason="r", basis="archive")
    with pytest.raises(GalleryWalk):
        asked(party, 1, 2)
    assert party.archive.cases.all() == []
    told = [act.payload or {} for act in party.archive.journal.recent(party.clock.at - timedelta(hours=1), TOLD)]
    assert [said["why"] for said in told if "why" in said] == ["GalleryWalk"]
    assert len([said for said in told if "why" not in said]) == MOST_PEOPLE - 1, "nobody more was shown"
    assert len(asked(party, 2)[1].faces[0].candidates) == 1, "one more is within it"


TOLD = frozenset({Event.CANDIDATE, Event.REFUSED})
EDDY_THE_OFFICER = replace(EDDY, role="officer")
