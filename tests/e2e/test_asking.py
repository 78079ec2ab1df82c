"""Who is this? Asked with a photo, decided by two, and read by whoever was shown."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cheap import quick_codes
from tests.e2e.club import Club, draw_people
from tests.e2e.driver import COMMAND

UNTIL = "2027-06-30"
WHY = ("--reason", "a caption for the yearbook", "--basis", "archive")


@dataclass
class Desk:
    """A club with accounts. accounts: id and passphrase file by name."""

    club: Club
    accounts: dict[str, tuple[str, Path]] = field(default_factory=dict)

    def join(self, name: str, role: str, *options: object) -> str:
        invited = self.club.kenbaar("staff", "invite", name, "--role", role, "--until", UNTIL, *options)
        file = self.club.folder / f"passphrase-{len(self.accounts)}"
        file.write_text(f"correct horse {len(self.accounts)} battery\n")
        token = self.club.folder / "token"
        token.write_text(invited["token"])
        self.club.kenbaar("staff", "accept", "--token-file", token, "--passphrase-file", file)
        self.accounts[name] = (invited["account"], file)
        return str(invited["account"])

    def by(self, name: str) -> tuple[object, ...]:
        account, file = self.accounts[name]
        return ("--as", account, "--passphrase-file", file)

    def probe(self, *names: str, path: str = "probe.jpg") -> Path:
        file = self.club.folder / path
        draw_people(file, *names)
        return file

    def ask(self, *photos: Path, by: str = "Eddy", more: tuple[object, ...] = (), code: int = 0) -> dict[str, Any]:
        return self.club.kenbaar("search", *photos, *WHY, *more, *self.by(by), code=code)

    def review(self, case: str, by: str, choice: str | None, n: int = 0, code: int = 0) -> dict[str, Any]:
        said = ("--is", choice) if choice else ("--nobody",)
        return self.club.kenbaar("case", "review", case, "--face", n, *said, *self.by(by), code=code)

    def show(self, case: str, by: str, *more: object, code: int = 0) -> dict[str, Any]:
        return self.club.kenbaar("case", "show", case, *more, *self.by(by), code=code)


def staffed(club: Club) -> Desk:
    """Dov and Eva may be asked about, Ada and Bob may be found and not asked about; Eddy asks, Rik and Rosa review."""
    club.enrol("Dov", "find", "ask")
    club.enrol("Eva", "ask")
    desk = Desk(club)
    for name, role in (("Eddy", "editor"), ("Rik", "reviewer"), ("Rosa", "reviewer")):
        desk.join(name, role)
    return desk


@pytest.fixture(scope="module")
def made_desk(made_club: Club, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Made once, with passphrases that this process alone can check."""
    with quick_codes():
        return staffed(made_club.copied_to(tmp_path_factory.mktemp("desk")))


@pytest.fixture
def desk(made_desk: Desk, tmp_path: Path) -> Iterator[Desk]:
    """What staffed() makes, in a place of its own. The passphrase files stay where they were made."""
    club = made_desk.club.copied_to(tmp_path)
    yield replace(made_desk, club=club, accounts=dict(made_desk.accounts))
    club.kenbaar.expect_whole()


def swept(desk: Desk) -> None:
    desk.club.photo("one.jpg", "Dov", "Stranger")
    desk.club.photo("two.jpg", "Bob")
    desk.club.collect()
    desk.club.sweep()


def test_two_people_decide_and_only_then_a_name_is_told(desk: Desk) -> None:
    swept(desk)
    asked = desk.ask(desk.probe("Dov", "Stranger", "Bob"))
    assert set(asked) == {"case", "faces"}
    assert [f["candidates"] for f in asked["faces"]] == [[{"candidate": "A", "band": "strong"}], [], []]
    case = asked["case"]
    assert desk.review(case, "Rik", "A") == {"case": case, "face": 0, "reviews": 1}
    for who in ("Eddy", "Rik", "Rosa"):
        shown = desk.show(case, who)
        assert "outcome" not in shown and desk.club.ids["Dov"] not in json.dumps(shown)
    assert desk.review(case, "Rosa", "A")["reviews"] == 2
    outcome = desk.show(case, "Eddy")["outcome"]
    assert (outcome["face"], outcome["subject"], outcome["name"]) == (0, desk.club.ids["Dov"], "Dov")
    assert [Path(a["path"]).name for a in outcome["appearances"]] == ["one.jpg"]


def test_what_the_collections_know_is_told_with_the_name(desk: Desk) -> None:
    file = desk.club.photo("captioned.jpg", "Dov")
    exif = Image.Exif()
    exif[0x010E], exif[0x013B] = "Dov at the piano", "The Choir"
    with Image.open(file) as picture:
        picture.save(file, exif=exif)
    desk.club.collect()
    desk.club.sweep()
    case = desk.ask(desk.probe("Dov"))["case"]
    for who in ("Rik", "Rosa"):
        desk.review(case, who, "A")
    (row,) = desk.show(case, "Eddy")["outcome"]["appearances"]
    assert (row["collection"], row["caption"], row["credit"]) == ("party", "Dov at the piano", "The Choir")


@pytest.mark.parametrize("answers", [("A", None), (None, "A"), (None, None)])
def test_disagreement_and_one_nobody_are_nobody(desk: Desk, answers: tuple[str | None, str | None]) -> None:
    case = desk.ask(desk.probe("Dov"))["case"]
    for who, choice in zip(("Rik", "Rosa"), answers, strict=True):
        desk.review(case, who, choice)
    shown = desk.show(case, "Eddy")
    assert shown["faces"][0]["decided"] == "nobody" and "outcome" not in shown


def test_nobody_looks_the_same_whatever_the_reason(desk: Desk) -> None:
    """A stranger, somebody who did not agree to be asked about, and somebody whose key is not here."""
    answers = [desk.ask(desk.probe(who, path=f"{n}.jpg")) for n, who in enumerate(("Stranger", "Bob", "Passer-by"))]
    faces = [answer["faces"] for answer in answers]
    assert all(face[0]["candidates"] == [] and face[0].keys() == faces[0][0].keys() for face in faces)
    assert all(desk.show(answer["case"], "Eddy")["faces"][0]["decided"] == "nobody" for answer in answers)


def test_who_holds_their_own_key_is_the_answer_only_with_their_session(empty_club: Club) -> None:
    desk = Desk(empty_club)
    empty_club.enrol("Dov", "ask", options=("--holder", "subject"))
    desk.join("Eddy", "editor")
    assert desk.ask(desk.probe("Dov"))["faces"][0]["candidates"] == []
    code = empty_club.folder / "code"
    code.write_text(empty_club.codes["Dov"])
    found = desk.ask(desk.probe("Dov", path="again.jpg"), more=("--code-file", code))
    assert [c["candidate"] for c in found["faces"][0]["candidates"]] == ["A"]


def test_who_asked_does_not_decide_and_nobody_decides_twice(desk: Desk) -> None:
    desk.join("Olga", "officer")
    desk.join("Arie", "auditor")
    case = desk.ask(desk.probe("Dov"))["case"]
    desk.review(case, "Eddy", "A", code=3)
    desk.review(case, "Rik", "A")
    desk.review(case, "Rik", "A", code=3)
    desk.review(case, "Arie", "A", code=3)
    desk.show(case, "Arie", code=3)
    desk.ask(desk.probe("Dov", path="arie.jpg"), by="Arie", code=3)
    desk.club.kenbaar("case", "review", case, "--face", 0, "--is", "A", code=3)  # the shell's officer has no account
    assert "outcome" not in desk.show(case, "Eddy")
    desk.review(case, "Olga", "A")
    desk.review(case, "Rosa", "A", code=3)  # all is said
    assert desk.show(case, "Rosa")["outcome"]["name"] == "Dov"


def test_until_two_have_answered_nothing_anywhere_says_what_the_first_said(desk: Desk) -> None:
    answers: dict[str, list[str]] = {}
    for choice in ("A", None):
        case = desk.ask(desk.probe("Dov", *([] if choice else ["Stranger"])))["case"]
        desk.review(case, "Rik", "Z", code=4)
        desk.review(case, "Rik", "A", n=7, code=4)
        before = len(desk.club.kenbaar("ledger", "show")["acts"])
        desk.review(case, "Rik", choice)
        entries = desk.club.kenbaar("ledger", "show")["acts"][before:]
        answers[str(choice)] = [entry["event"] for entry in entries]
        assert not any(word in json.dumps(entries) for word in ('"A"', "nobody", "Dov"))
    assert answers["A"] == answers["None"] == ["case-review"]


def test_the_photo_of_a_question_without_an_answer_is_not_kept(desk: Desk) -> None:
    case = desk.ask(desk.probe("Stranger", "Bob"))["case"]
    with sqlite3.connect(desk.club.home / "archive.db") as db:
        assert db.execute("SELECT count(*) FROM case_photos").fetchone() == (0,)
    desk.review(case, "Rik", None, code=3)


def test_an_account_that_is_ended_and_made_again_gives_nobody_a_second_word(desk: Desk) -> None:
    case = desk.ask(desk.probe("Dov"))["case"]
    desk.review(case, "Rik", "A")
    for name in ("Rik", "Eddy"):
        desk.club.kenbaar("staff", "end", desk.accounts[name][0])
        desk.join(name, "editor")
        desk.review(case, name, "A", code=3)
        assert desk.club.kenbaar("case", "list", *desk.by(name))["cases"][0]["waiting"] == 0
    desk.show(case, "Eddy", "--sheet", desk.club.folder / "sheet.html", code=3)
    desk.review(case, "Rosa", "A")


def test_a_reviewer_who_may_be_the_answer_is_told_what_everybody_is_told_who_may_not(desk: Desk) -> None:
    desk.join("Dov", "reviewer")  # by the name
    desk.join("Somebody", "reviewer", "--subject", desk.club.ids["Eva"])  # by who they are
    case = desk.ask(desk.probe("Dov", "Eva"))["case"]
    said = [desk.review(case, who, "A", code=3)["error"]["what"] for who in ("Dov", "Somebody", "Eddy")]
    said.append(desk.review("c-00000000", "Rik", "A", code=3)["error"]["what"].replace("c-00000000", case))
    assert len(set(said)) == 1
    desk.show(case, "Dov", code=3)


def test_taking_consent_back_is_forgotten_in_the_case_at_once(desk: Desk) -> None:
    swept(desk)
    case = desk.ask(desk.probe("Dov"))["case"]
    desk.review(case, "Rik", "A")
    desk.review(case, "Rosa", "A")
    assert desk.show(case, "Eddy")["outcome"]["name"] == "Dov"
    before = desk.club.backup()
    desk.club.kenbaar("withdraw", desk.club.ids["Dov"], "--purpose", "ask")
    shown = desk.show(case, "Eddy")
    assert "outcome" not in shown and shown["faces"][0]["candidates"] == []
    desk.club.restored_from(before, "archive.db")
    after = desk.show(case, "Eddy", code=3)  # the state of before does not open any more
    assert "Dov" not in json.dumps(after)


def test_between_two_reviews_a_withdrawal_leaves_nothing_to_choose(desk: Desk) -> None:
    case = desk.ask(desk.probe("Dov"))["case"]
    desk.review(case, "Rik", "A")
    desk.club.kenbaar("withdraw", desk.club.ids["Dov"])
    desk.review(case, "Rosa", "A", code=3)
    assert "outcome" not in desk.show(case, "Eddy")


def test_an_expired_consent_is_no_answer_and_an_expired_case_no_case(desk: Desk) -> None:
    case = desk.ask(desk.probe("Dov"))["case"]
    with desk.club.open(after=timedelta(days=31)) as archive:
        assert archive.cases.all() == [] and archive.cases.store.all() == []
    desk.club.kenbaar.whole = False  # the ledger's last entry lies ahead of this machine's clock now
    assert case


def test_an_answer_taken_out_of_the_records_does_not_open(desk: Desk) -> None:
    case = desk.ask(desk.probe("Dov"))["case"]
    before = desk.club.backup()
    desk.review(case, "Rik", None)  # nobody
    desk.club.restored_from(before, "archive.db")
    desk.review(case, "Rosa", "A", code=3)
    desk.show(case, "Eddy", code=3)


def test_a_case_with_an_edited_date_or_from_another_archive_does_not_open(desk: Desk, tmp_path: Path) -> None:
    other = Desk(desk.club.copied_to(tmp_path / "other"), dict(desk.accounts))
    case = other.ask(other.probe("Dov"))["case"]
    with sqlite3.connect(other.club.home / "archive.db") as db:
        row = db.execute("SELECT * FROM cases").fetchone()
    with sqlite3.connect(desk.club.home / "archive.db") as db:
        db.execute(f"INSERT INTO cases VALUES ({','.join('?' * len(row))})", row)
    desk.show(case, "Eddy", code=3)
    desk.club.kenbaar("check")
    with sqlite3.connect(desk.club.home / "archive.db") as db:
        assert db.execute("SELECT count(*) FROM cases").fetchone() == (0,), "no key here opens it, so it goes"
    mine = desk.ask(desk.probe("Dov"))["case"]
    with sqlite3.connect(desk.club.home / "archive.db") as db:
        db.execute("UPDATE cases SET expires_at = '2099-01-01 00:00:00.000000'")
    desk.show(mine, "Eddy", code=3)
    assert any(mine in found["why"] for found in desk.club.kenbaar("check", code=6)["findings"])
    desk.club.kenbaar.whole = False


@pytest.mark.parametrize(
    ("attack", "named"),
    [
        ("UPDATE case_photos SET n = 1 - n + 10; UPDATE case_photos SET n = n - 10", {0, 1}),
        ("DELETE FROM case_photos WHERE n = 1", {1}),
        ('INSERT INTO case_photos SELECT "case", 2, sealed FROM case_photos WHERE n = 0', {2}),
        ("UPDATE case_photos SET sealed = (SELECT sealed FROM case_photos WHERE n = 0)", {1}),
        ("UPDATE case_photos SET sealed = CAST(substr(sealed, 2) AS BLOB) WHERE n = 0", {0}),
    ],
    ids=["swapped", "taken away", "added", "one in the other's place", "altered"],
)
def test_photos_of_a_case_that_were_edited_are_named_by_check(desk: Desk, attack: str, named: set[int]) -> None:
    case = desk.ask(desk.probe("Dov", path="a.jpg"), desk.probe("Stranger", path="b.jpg"))["case"]
    desk.club.kenbaar("check")
    with sqlite3.connect(desk.club.home / "archive.db") as db:
        db.executescript(attack)
    whys = [found["why"] for found in desk.club.kenbaar("check", code=6)["findings"]]
    assert {n for n in range(3) for why in whys if why.startswith(f"Photo {n} of the case {case} ")} == named
    desk.club.kenbaar.whole = False


def test_a_case_whose_last_candidate_left_is_whole(desk: Desk) -> None:
    desk.ask(desk.probe("Dov"))
    desk.ask(desk.probe("Stranger", path="b.jpg"))
    desk.club.kenbaar("withdraw", desk.club.ids["Dov"], "--purpose", "ask")
    desk.club.kenbaar("check")


def test_that_was_not_me_lasts_for_that_photo_in_every_later_question(desk: Desk) -> None:
    probe = desk.probe("Dov")
    case = desk.ask(probe)["case"]
    desk.club.kenbaar("reject", desk.club.ids["Dov"], case)
    assert desk.show(case, "Eddy")["faces"][0]["candidates"] == []
    assert desk.ask(probe)["faces"][0]["candidates"] == []
    assert desk.ask(desk.probe("Dov", path="other.png"))["faces"][0]["candidates"] != []
    desk.club.kenbaar("reject", desk.club.ids["Eva"], case, code=4)


def test_who_asked_does_not_find_out_by_saying_for_somebody_that_was_not_me(desk: Desk) -> None:
    case = desk.ask(desk.probe("Dov"))["case"]
    ids = {name: desk.club.ids[name] for name in ("Dov", "Eva")}
    said = [desk.club.kenbaar.refused("reject", id_, case, *desk.by("Eddy"), code=4) for id_ in ids.values()]
    assert said[0].replace(ids["Dov"], ids["Eva"]) == said[1]
    desk.join("Olga", "officer")
    desk.club.kenbaar("reject", ids["Dov"], case, *desk.by("Olga"))


def test_who_asked_does_not_find_out_with_a_collection_of_one_person(desk: Desk) -> None:
    desk.club.photo("one.jpg", "Stranger")
    asked = []
    for name in ("Dov", "Ada"):
        who = ("--officer", "Eddy", "--roster", desk.club.ids[name])
        desk.club.kenbaar("collection", "add", name, desk.club.photos, "--mode", "roster", *who, *desk.by("Eddy"))
        asked.append(desk.ask(desk.probe("Dov"), more=("--collection", name))["faces"])
    assert asked[0] == asked[1]


def test_the_person_reads_when_which_role_why_and_what_came_of_it(desk: Desk) -> None:
    case = desk.ask(desk.probe("Dov"))["case"]
    desk.review(case, "Rik", "A")
    desk.review(case, "Rosa", "A")
    told = desk.club.kenbaar("export", desk.club.ids["Dov"], desk.club.folder / "dov.zip")
    assert told["acts"]
    with zipfile.ZipFile(desk.club.folder / "dov.zip") as zipped:
        acts = json.loads(zipped.read("data.json"))["acts"]
    by_event = {act["event"]: act for act in acts}
    shown = by_event["search-candidate"]
    assert shown["facts"] == {"case": case, "reason": "a caption for the yearbook", "basis": "archive"}
    assert "editor" in shown["who"] and "search" in by_event and "case-named" in by_event


def test_who_asked_learns_from_no_route_whom_it_was_shown(desk: Desk) -> None:
    swept(desk)
    case = desk.ask(desk.probe("Dov"))["case"]
    desk.review(case, "Rik", "A")
    eva, dov = desk.club.ids["Eva"], desk.club.ids["Dov"]
    for who in ("Eddy", "Rik"):
        entries = desk.club.kenbaar("ledger", "show", *desk.by(who))["acts"]
        about = [e for e in entries if e["event"] in ("search-candidate", "case-seen")]
        assert about and not any(dov in json.dumps(e) for e in about)
        one = desk.club.kenbaar("ledger", "show", "--subject", dov, *desk.by(who))["acts"]
        other = desk.club.kenbaar("ledger", "show", "--subject", eva, *desk.by(who))["acts"]
        assert {e["event"] for e in one} - {"find"} == {e["event"] for e in other} - {"find"}
    desk.show(case, "Eddy", "--sheet", desk.club.folder / "sheet.html", code=3)
    assert not (desk.club.folder / "sheet.html").exists()


def test_reviewers_compare_on_a_page_with_everybody_else_covered(desk: Desk) -> None:
    swept(desk)
    case = desk.ask(desk.probe("Dov", "Stranger"))["case"]
    sheet = desk.club.folder / "sheet.html"
    desk.show(case, "Rik", "--sheet", sheet)
    text = re.sub(r"base64,[A-Za-z0-9+/=]*", "", sheet.read_text())
    assert text.index("None of these") < text.index("Candidate A") and "Dov" not in text
    assert desk.club.ids["Dov"] not in text
    about = desk.club.kenbaar("ledger", "show", "--subject", desk.club.ids["Dov"])["acts"]
    assert "case-seen" in [e["event"] for e in about]


def test_reason_and_basis_are_in_the_ledger_before_anything_is_compared(desk: Desk) -> None:
    probe = desk.probe("Dov")
    for basis in ("criminal-investigation", "police", "", "own-work "):
        desk.club.kenbaar("search", probe, "--reason", "a caption", "--basis", basis, *desk.by("Eddy"), code=2)
    desk.club.kenbaar("search", probe, "--reason", " ", "--basis", "archive", *desk.by("Eddy"), code=2)
    entries = desk.club.kenbaar("ledger", "show")["acts"]
    assert [e["event"] for e in entries].count("search") == 0
    desk.ask(probe)
    entries = [e for e in desk.club.kenbaar("ledger", "show")["acts"] if "search" in e["event"]]
    assert [e["event"] for e in entries][:1] == ["search"]
    assert entries[0]["facts"]["reason"] == "a caption for the yearbook" and entries[0]["facts"]["actor"] == "staff"


def test_the_same_photo_again_and_again_is_stopped_and_logged(desk: Desk) -> None:
    probe = desk.probe("Stranger")
    for _ in range(3):
        desk.ask(probe)
    desk.ask(probe, code=3)
    last = desk.club.kenbaar("ledger", "show", "--limit", 1)["acts"][0]
    assert (last["event"], last["facts"]["why"]) == ("refused", "SamePhotoAgain")


def test_the_same_picture_in_another_file_is_the_same_photo_again(desk: Desk) -> None:
    """A byte more, other words in it, written anew without loss: what is seen is the same."""
    first = desk.probe("Stranger", path="a.png")
    longer, again, worded = (desk.club.folder / name for name in ("b.png", "c.bmp", "d.png"))
    longer.write_bytes(first.read_bytes() + b"\n")
    with Image.open(first) as picture:
        picture.save(again)
        picture.save(worded, compress_level=1, dpi=(300, 300))
    for photo in (first, longer, again):
        desk.ask(photo)
    desk.ask(worded, code=3)
    last = desk.club.kenbaar("ledger", "show")["acts"][-1]
    assert (last["event"], last["facts"]["why"]) == ("refused", "SamePhotoAgain")
    desk.ask(desk.probe("Stranger", "Dov", path="e.png"))


@pytest.mark.usefixtures("true_codes")
def test_the_same_photo_at_once_from_many_processes_is_stopped_like_one_after_the_other(club: Club) -> None:
    desk = staffed(club)
    words = ["search", desk.probe("Stranger"), *WHY, *desk.by("Eddy")]
    asked = [subprocess.Popen([COMMAND, *map(str, words)], env=desk.club.kenbaar.env) for _ in range(5)]
    assert sorted(one.wait(timeout=120) for one in asked) == [0, 0, 0, 3, 3]
    refused = [e["facts"]["why"] for e in desk.club.kenbaar("ledger", "show")["acts"] if e["event"] == "refused"]
    assert refused == ["SamePhotoAgain"] * 2


def test_photos_of_the_same_person_again_and_again_are_stopped(desk: Desk) -> None:
    together = [("Dov",), ("Dov", "Stranger"), ("Stranger", "Dov"), ("Dov", "Bob"), ("Bob", "Dov")]
    for names in together:
        desk.ask(desk.probe(*names))
    desk.ask(desk.probe("Dov", "Passer-by"), code=3)
    assert desk.club.kenbaar("ledger", "show", "--limit", 1)["acts"][0]["facts"]["why"] == "SamePersonAgain"


def test_photos_without_faces_and_with_too_many_are_refused_and_keep_nothing(desk: Desk) -> None:
    assert "No face" in desk.ask(desk.probe(), code=4)["error"]["what"]
    assert desk.club.kenbaar("case", "list", *desk.by("Eddy"))["cases"] == []
    (desk.club.folder / "text.jpg").write_text("no photo")
    desk.ask(desk.club.folder / "text.jpg", code=4)
    desk.ask(desk.club.folder / "absent.jpg", code=4)


def test_a_photo_with_a_name_that_is_no_text_is_asked_about_like_any_other(desk: Desk) -> None:
    odd = Path(os.fsdecode(os.fsencode(desk.club.folder) + b"/odd\xff.jpg"))
    desk.probe("Dov").rename(odd)
    case = desk.ask(odd)["case"]
    assert desk.show(case, "Rik")["faces"][0]["photo"].endswith("odd\\xff.jpg")


def test_a_closed_case_is_gone_to_the_last_byte_of_its_photos(desk: Desk) -> None:
    case = desk.ask(desk.probe("Dov"))["case"]
    desk.club.kenbaar("case", "close", case, *desk.by("Rik"), code=3)
    before = desk.club.backup()
    desk.club.kenbaar("case", "close", case, *desk.by("Eddy"))
    desk.show(case, "Eddy", code=3)
    desk.show(case, "Rik", code=3)
    with sqlite3.connect(desk.club.home / "archive.db") as db:
        assert db.execute("SELECT count(*) FROM case_photos").fetchone() == (0,)
    desk.club.restored_from(before, "archive.db")
    desk.show(case, "Eddy", code=3)


def test_who_agreed_to_be_asked_about_and_to_nothing_else_is_in_no_sweep_and_still_the_answer(desk: Desk) -> None:
    desk.club.photo("eva.jpg", "Eva")
    desk.club.collect()
    assert desk.club.sweep()["appearances"] == 0
    case = desk.ask(desk.probe("Eva"))["case"]
    for who in ("Rik", "Rosa"):
        desk.review(case, who, "A")
    outcome = desk.show(case, "Eddy")["outcome"]
    assert (outcome["name"], outcome["appearances"]) == ("Eva", [])
    desk.club.kenbaar("withdraw", desk.club.ids["Dov"], "--purpose", "find")
    assert desk.ask(desk.probe("Dov"))["faces"][0]["candidates"] != []
    desk.club.kenbaar("withdraw", desk.club.ids["Dov"])
    with desk.club.open() as archive:
        assert desk.club.ids["Dov"] not in archive.consents.templates.subjects()
