"""What is made of the faces in a photo that somebody asks about becomes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kenbaar.asking import AskedPack, Probe, Question
from kenbaar.asking._limits import MOST_PEOPLE, GalleryWalk
from kenbaar.asking._search import _refuse_faces
from kenbaar.consent import Sessions
from kenbaar.errors import NotFound, PhotoUnreadable, SearchRefused, UsageError
from kenbaar.faces import Box, Face, Landmarks, Template
from kenbaar.media import Photo, open_photo
from kenbaar.policy import Actor, Event
from tests.actors import OFFICER
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


def question(*digests: str, reason: str = "a caption", basis: str = "archive", **more: Any) -> Question:
    return Question(reason, basis, digests or ("sha256:a",), **more)


class Read(Exception):
    """A photo was read."""


def reads() -> list[Probe]:
    raise Read


def ask(party: Party, asked: Question, actor: Actor = EDDY) -> None:
    """Raises Read where the question may be asked: then its photos would be read."""
    party.archive.searches.search(actor, asked, reads, list, Sessions())


def test_whoever_asks_has_an_account(party: Party) -> None:
    with pytest.raises(SearchRefused, match="needs an account"):
        ask(party, question(), OFFICER)
    with pytest.raises(Read):
        ask(party, question())


def test_a_question_has_one_to_fifty_photos(party: Party) -> None:
    with pytest.raises(Read):
        ask(party, question(*(f"sha256:{n}" for n in range(50))))
    for digests in ((), tuple(f"sha256:{n}" for n in range(100, 151))):
        with pytest.raises(UsageError, match="photos were given"):
            ask(party, replace(question(), digests=digests))


@pytest.mark.parametrize("reason", ["", "ab", "a     ", "x" * 501, "a caption\u202e", "a caption\x07"])
def test_a_reason_that_is_too_short_too_long_or_no_plain_text_is_none(party: Party, reason: str) -> None:
    with pytest.raises(UsageError, match="reason"):
        ask(party, question(reason=reason))


@pytest.mark.parametrize("reason", ["abc", "  a   b ", "x" * 500])
def test_the_shortest_and_the_longest_reason_are_reasons(party: Party, reason: str) -> None:
    with pytest.raises(Read):
        ask(party, question(reason=reason))


@pytest.mark.parametrize("basis", ["", "criminal-investigation", "curiosity"])
def test_what_is_no_basis_here_is_refused(party: Party, basis: str) -> None:
    with pytest.raises(UsageError, match="no basis"):
        ask(party, question(basis=basis))


def test_a_collection_that_is_not_there_is_refused_before_a_photo_is_read(party: Party) -> None:
    with pytest.raises(NotFound):
        ask(party, question(collection="nowhere"))


def test_fifty_faces_are_asked_about_and_one_more_is_not() -> None:
    face = Face(Box(0, 0, 10, 10), Landmarks(np.zeros((5, 2), np.float32)), 0.9)
    _refuse_faces([[face] * 25, [face] * 25])
    with pytest.raises(PhotoUnreadable, match="51 faces"):
        _refuse_faces([[face] * 25, [face] * 26])


@pytest.mark.parametrize(("photos", "told"), [(1, "that photo"), (2, "these photos")])
def test_who_asks_about_photos_without_faces_is_told_so(photos: int, told: str) -> None:
    with pytest.raises(PhotoUnreadable, match=f"No face was found in {told}"):
        _refuse_faces([[]] * photos)


TOLD = frozenset({Event.CANDIDATE, Event.REFUSED})
EDDY_THE_OFFICER = replace(EDDY, role="officer")
