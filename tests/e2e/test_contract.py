"""The command line as docs/commands.md states it: every command, its JSON, its exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.club import Club, new_club
from tests.e2e.driver import COMMAND, Kenbaar


def test_each_command_answers_with_the_keys_of_the_contract(party: Club) -> None:
    k = party.kenbaar
    sweep = party.sweep()
    assert {"photos", "videos", "faces", "appearances", "unknown", "unreadable", "seconds"} <= set(sweep)
    assert (sweep["photos"], sweep["faces"], sweep["appearances"], sweep["unknown"]) == (4, 5, 4, 1)
    find = k("find", party.ids["Ada"])
    assert {"item", "path", "box", "band", "start_s", "end_s"} <= set(find["appearances"][0])
    assert [Path(a["path"]).name for a in find["appearances"]] == ["ada.jpg", "both.jpg"]
    assert find["appearances"][0]["band"] == "strong"
    publish = party.publish()
    assert {"published", "held", "masked", "visible"} <= set(publish)
    assert (publish["published"], publish["held"], publish["masked"], publish["visible"]) == (4, [], 2, 3)
    check = k("check")
    assert {"files", "bytes", "vectors", "findings"} <= set(check) and check["vectors"] == 1
    withdraw = k("withdraw", party.ids["Ada"])
    assert withdraw["keys_destroyed"] == 2
    assert [Path(c["path"]).name for c in withdraw["copies"]] == ["ada.jpg", "both.jpg"]
    verify = k("ledger", "verify")
    assert verify["ok"] is True and verify["entries"] > 8 and verify["root"]


def test_inviting_and_enrolling_answer_with_subject_token_and_receipt(empty_club: Club) -> None:
    invited = empty_club.kenbaar("invite", "Ada", "--purpose", "find", "--purpose", "show:web")
    assert invited["subject"].startswith("s-") and invited["token"]
    enrolled = empty_club.kenbaar("enrol", invited["token"], empty_club.portrait("Ada"))
    assert enrolled["subject"] == invited["subject"]
    assert "code" not in enrolled
    assert empty_club.kenbaar("receipt", "verify", enrolled["receipt"])["trusted"] is True


def test_every_box_is_whole_numbers_inside_the_photo(party: Club) -> None:
    for found in party.kenbaar("find", party.ids["Ada"])["appearances"]:
        x_min, y_min, x_max, y_max = found["box"]
        assert all(isinstance(v, int) for v in found["box"])
        assert 0 <= x_min < x_max and 0 <= y_min < y_max


def test_exit_2_is_for_the_words_of_the_call(party: Club) -> None:
    k = party.kenbaar
    for call in (
        ("sweep",),
        ("nonsense",),
        ("invite", "Eve", "--purpose", "sell"),
        ("invite", "Eve", "--purpose", "find:web"),
        ("invite", "", "--purpose", "find"),
        ("invite", "Eve\nline", "--purpose", "find"),
        ("invite", "Eve", "--purpose", "find", "--until", "yesterday"),
        ("invite", "Eve", "--purpose", "find", "--until", "2001-01-01"),
        ("collection", "add", "party", party.photos),
        ("publish", "party", party.photos / "out", "--channel", "web"),
        ("publish", "party", party.home / "out", "--channel", "web"),
        ("claim", party.ids["Ada"], "i-0", "--box", "-1"),
        ("init",),
        ("init", "--jurisdiction", "mars"),
    ):
        k.refused(*call, code=2)


def test_exit_3_is_for_what_nobody_agreed_to(party: Club) -> None:
    assert "did not agree" in party.kenbaar.refused("find", party.ids["Cas"], code=3)


def test_exit_4_is_for_what_is_not_there(party: Club) -> None:
    k = party.kenbaar
    for call in (
        ("find", "s-nobody00"),
        ("withdraw", "s-nobody00"),
        ("sweep", "no such"),
        ("publish", "no such", party.out, "--channel", "web"),
        ("reject", party.ids["Ada"], "i-000000000000"),
        ("claim", party.ids["Ada"], "i-000000000000", "--box", 0),
        ("collection", "add", "x", party.folder / "not there"),
        ("receipt", "verify", party.folder / "not there"),
    ):
        k.refused(*call, code=4)


def test_exit_5_is_for_photos_held_for_review(party: Club) -> None:
    party.photo("late.jpg", "Ada")  # not swept yet? a sweep sees it, and then it changes
    party.sweep()
    party.photo("late.jpg", "Bob")
    answer = party.publish(code=5)
    assert [h["path"] for h in answer["held"]] == ["late.jpg"] and answer["held"][0]["why"]
    assert answer["published"] == 4 and not (party.out / "late.jpg").exists()


def test_without_an_archive_every_command_says_how_to_make_one(tmp_path: Path) -> None:
    k = Kenbaar(tmp_path / "home", None, tmp_path / "cache")
    for call in (("sweep", "x"), ("find", "s-1"), ("subjects",), ("check",), ("collection", "list")):
        assert "kenbaar init" in k.refused(*call, code=4)
    assert not (tmp_path / "home").exists()


def test_the_home_option_wins_over_the_environment(club: Club, tmp_path: Path) -> None:
    other = new_club(tmp_path / "other", club.kenbaar.pack or tmp_path)
    assert club.kenbaar("subjects", "--home", other.home)["subjects"] == []
    assert len(club.kenbaar("subjects")["subjects"]) == 3


def test_the_installed_command_keeps_json_on_stdout_and_words_on_stderr(party: Club) -> None:
    k = Kenbaar(party.home, party.kenbaar.pack, party.kenbaar.cache, in_a_process=True)
    answer = k.answer("sweep", "party")
    assert answer.code == 0 and answer.data["photos"] == 4
    assert "4 photos" in answer.words
    refused = k.answer("find", party.ids["Cas"])
    assert refused.code == 3 and "did not agree" in refused.words


def test_without_json_the_answer_is_words(party: Club) -> None:
    done = subprocess.run([COMMAND, "subjects"], env=party.kenbaar.env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and party.ids["Ada"] in done.stdout and "{" not in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        "init",
        "invite",
        "enrol",
        "collection",
        "sweep",
        "find",
        "claim",
        "reject",
        "publish",
        "withdraw",
        "export",
        "ledger",
        "check",
        "pack",
        "bench",
        "demo",
        "keys",
        "receipt",
    ],
)
def test_every_command_of_the_contract_has_help(command: str) -> None:
    from contextlib import redirect_stdout
    from io import StringIO

    from kenbaar.cli._run import run

    with redirect_stdout(StringIO()) as out:
        assert run([command, "--help"]) == 0
    assert "Usage: kenbaar" in out.getvalue()


def test_a_json_error_says_what_and_what_to_do(tmp_path: Path) -> None:
    home = tmp_path / "none"
    done = subprocess.run([COMMAND, "subjects", "--json", "--home", home], capture_output=True, text=True, timeout=60)
    assert done.returncode == 4
    error = json.loads(done.stdout)["error"]
    assert set(error) == {"what", "do", "exit"} and error["exit"] == 4
    assert done.stderr.strip() == f"kenbaar: {error['what']} {error['do']}"
