"""The publisher itself: what is in the folder is what consent allows now, and nothing that cannot be proven right."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kenbaar.engines import InProcessEngine, LocalEngine
from kenbaar.errors import RoleRefused, Unusable, UsageError
from kenbaar.policy import Actor
from kenbaar.publish import PublishReport, make_copy
from kenbaar.publish._folder import holds_name
from tests.actors import OFFICER
from tests.rights.party import Party, a_copy, a_party


@pytest.fixture(scope="module")
def made_party(tmp_path_factory: pytest.TempPathFactory, tiny_pack_folder: Path) -> Party:
    """Ada may be shown on the web, Bob may not; three photos, swept."""
    with a_party(tmp_path_factory.mktemp("made"), tiny_pack_folder) as p:
        p.enrol("Ada", 1, ("find", "show:web"))
        p.enrol("Bob", 2)
        p.photo("a.jpg", 1)
        p.photo("b.jpg", 1, 2)
        p.photo("c.jpg", 40)
        p.add()
        p.sweep()
    return p


@pytest.fixture
def party(made_party: Party, tmp_path: Path) -> Iterator[Party]:
    with a_copy(made_party, tmp_path) as p:
        yield p


def published(p: Party, **options: Any) -> PublishReport:
    archive = p.archive
    options.setdefault("say", lambda *_: None)
    return archive.publisher.publish(
        OFFICER, "party", p.folder / "public", "web", archive.pack, archive.limits, **options
    )


def files(p: Party) -> list[str]:
    return sorted(f.name for f in (p.folder / "public").iterdir() if f.suffix == ".jpg")


def test_everybody_is_masked_but_who_agreed_to_that_channel(party: Party) -> None:
    report = published(party)
    assert (report.published, report.visible, report.masked, report.held) == (3, 2, 2, ())
    assert report.reduced == 0, "they are small enough to be copied as large as they are"
    assert files(party) == ["a.jpg", "b.jpg", "c.jpg"]
    told = json.loads(report.manifest.read_bytes())
    assert told


def test_who_is_shown_is_in_the_ledger_with_the_number_of_copies(party: Party) -> None:
    published(party)
    shown = [act for act in party.archive.journal.acts() if act.event == "shown"]
    assert [(act.payload or {})["copies"] for act in shown] == [2]


def test_run_again_it_makes_nothing_anew(party: Party) -> None:
    published(party)
    again = published(party)
    assert (again.written, again.unchanged, again.removed) == (0, 3, 0)


def test_after_a_withdrawal_only_what_showed_that_person_is_made_anew(party: Party) -> None:
    published(party)
    party.archive.leaving.withdraw(OFFICER, party.people["Ada"].subject)
    report = published(party)
    assert (report.visible, report.replaced, report.unchanged) == (0, 2, 1)
    assert party.archive.publisher.copies.showing(party.people["Ada"].subject) == []


def test_who_withdraws_while_copies_are_made_is_in_none_of_them(party: Party) -> None:
    ada, told = party.people["Ada"].subject, False

    def withdraw_once(done: int, *_: object) -> None:
        nonlocal told
        if not told:
            told = True
            party.archive.leaving.withdraw(OFFICER, ada)

    report = published(party, say=withdraw_once)
    assert report.visible == 0
    assert party.archive.publisher.copies.showing(ada) == []


class WithdrawsAtTheLastMoment(InProcessEngine):
    """Somebody withdraws after the last copy was made, and before it gets its name."""

    def __init__(self, withdraw: Callable[[], object]) -> None:
        self.withdraw = withdraw

    def map(self, task_type: Any, tasks: Any, on_result: Any, cancelled: Any) -> None:
        made: list[Any] = []
        super().map(task_type, tasks, lambda *result: made.append(result), cancelled)
        self.withdraw()
        for result in made:
            on_result(*result)


def test_who_withdraws_between_the_making_of_a_copy_and_its_name_is_in_none(party: Party) -> None:
    ada = party.people["Ada"].subject
    report = published(party, engine=WithdrawsAtTheLastMoment(lambda: party.archive.leaving.withdraw(OFFICER, ada)))
    assert report.visible == 0 and files(party) == ["c.jpg"]
    assert {held.path: "withdrew" in held.why for held in report.held} == {"a.jpg": True, "b.jpg": True}
    again = published(party)
    assert (again.visible, files(party)) == (0, ["a.jpg", "b.jpg", "c.jpg"])


def test_a_copy_whose_original_is_gone_stays_as_long_as_who_is_in_it_agrees(party: Party) -> None:
    published(party)
    for name in ("a.jpg", "c.jpg"):
        (party.photos / name).unlink()
    party.sweep()
    assert (published(party).removed, files(party)) == (0, ["a.jpg", "b.jpg", "c.jpg"])
    party.archive.leaving.withdraw(OFFICER, party.people["Ada"].subject)
    assert (published(party).removed, files(party)) == (1, ["b.jpg", "c.jpg"])


def test_a_photo_that_was_not_swept_or_changed_since_is_held_and_says_so(party: Party) -> None:
    party.photo("a.jpg", 1, 2)
    report = published(party)
    (held,) = report.held
    assert held.path == "a.jpg" and "sweep" in held.why
    assert files(party) == ["b.jpg", "c.jpg"]


def test_a_photo_that_no_sweep_has_come_to_is_held_and_says_so(party: Party) -> None:
    party.photo("d.jpg", 1)
    archive = party.archive
    archive.sweeps.sweep(
        OFFICER, "party", archive.packs.in_use(), sessions=party.sessions(), engine=InProcessEngine(),
        limits=archive.limits, say=lambda _: None, cancelled=lambda: True,
    )  # fmt: skip
    (held,) = published(party).held
    assert held.path == "d.jpg" and "not swept yet" in held.why


def test_a_photo_that_a_link_leads_out_to_is_held_and_its_copy_taken_away(party: Party) -> None:
    published(party)
    (party.photos / "a.jpg").rename(party.folder / "elsewhere.jpg")
    (party.photos / "a.jpg").symlink_to(party.folder / "elsewhere.jpg")
    report = published(party)
    (held,) = report.held
    assert held.path == "a.jpg" and "link" in held.why
    assert report.removed == 1 and files(party) == ["b.jpg", "c.jpg"]


def test_a_file_that_kenbaar_did_not_write_is_left_as_it_is(party: Party) -> None:
    (party.folder / "public").mkdir()
    (party.folder / "public" / "a.jpg").write_bytes(b"mine")
    report = published(party)
    assert [h.path for h in report.held] == ["a.jpg"]
    assert (party.folder / "public" / "a.jpg").read_bytes() == b"mine"


def test_cancelled_it_keeps_what_it_made_and_goes_on_when_it_is_run_again(party: Party) -> None:
    made = 0

    def cancelled() -> bool:
        nonlocal made
        made += 1
        return made > 1

    first = published(party, cancelled=cancelled)
    assert first.published == first.written == 1
    again = published(party)
    assert (again.published, again.unchanged, again.written) == (3, 1, 2)


def test_one_process_and_several_make_the_same(party: Party, tmp_path: Path) -> None:
    for n in range(12):
        party.photo(f"more {n:02}.jpg", 1, size=(320, 320))
    party.sweep()
    here, there = published(party), {}
    before = {name: (party.folder / "public" / name).read_bytes() for name in files(party)}
    archive = party.archive
    archive.publisher.publish(
        OFFICER, "party", tmp_path / "there", "web", archive.pack, archive.limits,
        say=lambda *_: None, engine=LocalEngine(2),
    )  # fmt: skip
    there = {f.name: f.read_bytes() for f in (tmp_path / "there").iterdir() if f.suffix == ".jpg"}
    assert here.published == len(there) and there == before


@pytest.mark.parametrize("role", ["reviewer", "auditor"])
def test_who_may_not_publish_leaves_no_file(party: Party, role: Any) -> None:
    archive = party.archive
    with pytest.raises(RoleRefused):
        archive.publisher.publish(
            Actor("staff", "eve", role), "party", party.folder / "public", "web", archive.pack, archive.limits,
            say=lambda *_: None,
        )  # fmt: skip
    assert not list((party.folder / "public").rglob("*.jpg"))


def test_copies_never_lie_among_the_originals_and_a_channel_is_a_word(party: Party) -> None:
    archive = party.archive
    for out, channel in ((party.photos / "out", "web"), (party.folder / "public", "Web Site")):
        with pytest.raises(UsageError):
            archive.publisher.publish(OFFICER, "party", out, channel, archive.pack, archive.limits, say=lambda *_: None)


def test_a_folder_with_another_archives_manifest_is_refused(party: Party) -> None:
    (party.folder / "public").mkdir()
    (party.folder / "public" / "manifest.json").write_text("{}")
    with pytest.raises(Unusable, match=r"manifest\.json"):
        published(party)


def test_the_check_looks_once_and_its_boxes_are_masked_in_the_next_round(
    party: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the check found is boxes already: nothing is detected again to learn where it was."""
    from kenbaar.faces import Box
    from kenbaar.publish import _make
    from kenbaar.publish._copy import CopyCheck, check_copy

    asked, found = [], [Box(300, 200, 360, 260)]

    def check(data: bytes, plan: Any, finder: Any) -> CopyCheck:
        asked.append(plan)
        return CopyCheck(exposed=tuple(found)) if len(asked) == 1 else check_copy(data, plan, finder)

    monkeypatch.setattr(_make, "check_copy", check)
    archive, photo = party.archive, party.photos / "c.jpg"
    digest = archive.collections.store.items("party", ("present",), "", 9)[2].digest or ""
    made = make_copy(photo, digest, archive.limits, archive.pack, known=(), reveals=(), mask_doubtful=True)
    assert len(asked) == 2 and made.check.clean
    assert any(mask_.iou(found[0]) > 0.2 for mask_ in asked[1].masks)


def test_numbered_names_tell_nothing_of_the_originals_and_stay_with_their_photo(party: Party) -> None:
    party.photo("ada lovelace/d.jpg", 1)
    party.sweep()
    report = published(party, number_names=True)
    assert report.published == 4 and report.named == ()
    before = {f.name: f.read_bytes() for f in (party.folder / "public").rglob("*.jpg")}
    assert sorted(before) == [f"00000{n}.jpg" for n in (1, 2, 3, 4)]
    assert b"lovelace" not in report.manifest.read_bytes() and not (party.folder / "public" / "ada lovelace").exists()
    party.photo("0 comes first.jpg", 40)
    party.sweep()
    again = published(party, number_names=True)
    assert (again.published, again.unchanged, again.written) == (5, 4, 1)
    after = {f.name: f.read_bytes() for f in (party.folder / "public").rglob("*.jpg")}
    assert {name: after[name] for name in before} == before and sorted(after)[-1] == "000005.jpg"


def test_a_folder_goes_from_names_to_numbers_and_no_named_copy_is_left(party: Party) -> None:
    published(party)
    report = published(party, number_names=True)
    assert (report.published, report.removed) == (3, 3)
    assert files(party) == ["000001.jpg", "000002.jpg", "000003.jpg"]


def test_numbers_pass_over_files_that_are_not_ours(party: Party) -> None:
    (party.folder / "public").mkdir()
    (party.folder / "public" / "000002.jpg").write_bytes(b"mine")
    assert published(party, number_names=True).published == 3
    assert files(party) == ["000001.jpg", "000002.jpg", "000003.jpg", "000004.jpg"]
    assert (party.folder / "public" / "000002.jpg").read_bytes() == b"mine"


def test_copies_whose_names_hold_somebodys_name_are_told(party: Party) -> None:
    party.photo("summer/ADA_and_me.jpg", 40)
    party.photo("adagio.jpg", 40)
    party.photo("Bob/x.jpg", 40)
    party.sweep()
    assert published(party).named == ("Bob/x.jpg", "summer/ADA_and_me.jpg")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("2026/zoe-muller.jpg", True), ("Zoë Müller/1.jpg", True), ("zoë.jpg", True), ("MÜLLER2.JPG", True),
        ("zoetrope.jpg", False), ("van.jpg", True), ("li.jpg", False), ("1.jpg", False),
    ],
)  # fmt: skip
def test_a_name_in_a_path_is_found_without_case_and_accents_and_as_a_word(path: str, told: bool) -> None:
    assert holds_name(path, ["Zoë Müller", "Li Van"]) is told
