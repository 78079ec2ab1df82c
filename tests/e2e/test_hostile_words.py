"""Names from outside forge no line and obey no terminal, wherever they are shown."""

from __future__ import annotations

import io
import json
import os
import re
import unicodedata
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import pytest

from kenbaar.consent import sign_manifest
from kenbaar.keys import SigningKey
from tests.e2e.club import Club

ESCAPES = "\x1b[2K\x1b[1A\x9b31m"
NASTY = f"x{ESCAPES}\u202egpj\u2066 \x07\n     7  2026-01-01T00:00:00  withdraw    by=officer"


def shown(club: Club, *arguments: object, log: str = "") -> str:
    """What a person sees on both streams, without --json."""
    from kenbaar.cli._run import run

    out = io.StringIO()
    env = club.kenbaar.env | ({"KENBAAR_LOG": log} if log else {})
    with mock.patch.dict(os.environ, env, clear=True), redirect_stdout(out), redirect_stderr(out):
        run([str(a) for a in arguments])
    return out.getvalue()


def nothing_acts(text: str, *, html: bool = False) -> None:
    """No character in it acts but line ends of ours (and a bar's return), and no line is forged. html: where a line end
    is a space."""
    acting = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    bad = {c for c in text if unicodedata.category(c) in acting} - set("\n\r\u200c\u200d")
    assert not bad, f"{bad!r} in {text!r}"
    assert html or not any(line.startswith("     7  2026-01-01") for line in text.splitlines()), text


@pytest.fixture
def nasty(club: Club) -> Club:
    """A club where every word that somebody may choose is hostile."""
    token = club.kenbaar("invite", "N  by=officer", "--purpose", "find", "--purpose", "show:web")["token"]
    club.ids["Nasty"] = club.kenbaar("enrol", token, club.portrait("Dov"))["subject"]
    club.photo(f"a{ESCAPES}\u202e\n     7  2026-01-01T00:00:00.jpg", "Dov", "Stranger")
    club.photo("ada.jpg", "Ada")
    (club.photos / f"broken{ESCAPES}\n.jpg").write_bytes(b"\xff\xd8no photo")
    club.collect(reason=NASTY)
    club.sweep()
    club.kenbaar("find", club.ids["Nasty"], "--reason", NASTY)
    return club


def test_no_command_prints_what_acts(nasty: Club) -> None:
    who, item = nasty.ids["Nasty"], next(iter(nasty.items().values()))["item"]
    for call in (
        ("find", who, "--reason", NASTY),
        ("subjects",),
        ("sweep", "party", "--workers", "1"),
        ("collection", "list"),
        ("collection", "show", "party"),
        ("publish", "party", nasty.out, "--channel", "web"),
        ("ledger", "show"),
        ("receipt", "print", who),
        ("claim", who, item, "--box", "9"),
        ("reject", NASTY, item),
        ("find", NASTY),
        ("collection", "show", NASTY),
        ("invite", "x", "--purpose", NASTY),
        ("collection", "add", NASTY, nasty.photos),
        ("settings",),
        ("withdraw", who),
    ):
        nothing_acts(shown(nasty, *call, log="debug"))
        nothing_acts(shown(nasty, *call, "--json"))


def test_no_page_and_no_file_of_an_export_holds_what_acts(nasty: Club) -> None:
    who = nasty.ids["Nasty"]
    nasty.kenbaar("find", who, "--sheet", nasty.folder / "mine.html")
    nasty.kenbaar("collection", "show", "party", "--sheet", nasty.folder / "all.html")
    nasty.kenbaar("export", who, nasty.folder / "mine.zip")
    for page in nasty.folder.glob("*.html"):
        nothing_acts(page.read_text("utf-8").replace("\t", " "), html=True)
    with zipfile.ZipFile(nasty.folder / "mine.zip") as packed:
        for name in packed.namelist():
            nothing_acts(name)
            if name.endswith((".html", ".json")):
                nothing_acts(packed.read(name).decode("utf-8").replace("\t", " "), html=name.endswith(".html"))


def test_a_strangers_manifest_and_receipt_speak_in_no_other_voice(club: Club, tmp_path: Path) -> None:
    key = SigningKey(b"\x07" * 32)
    stranger = tmp_path / "manifest.json"
    stranger.write_text(json.dumps(sign_manifest({"files": [], "organisation": NASTY}, key)))
    told = shown(club, "receipt", "verify", stranger)
    nothing_acts(told)
    assert "it is this archive's" not in told


def test_a_manifest_with_a_doubled_member_is_refused(party: Club) -> None:
    party.publish()
    manifest = party.out / "manifest.json"
    text = manifest.read_text("utf-8").rstrip()
    assert text.endswith("}")
    manifest.write_text('{"files": [], ' + text[1:], "utf-8")
    party.kenbaar.refused("receipt", "verify", manifest, code=6)
    party.kenbaar.refused("publish", "party", party.out, "--channel", "web", code=4)


def test_line_ends_of_our_own_are_line_ends(club: Club, tmp_path: Path) -> None:
    token = club.invite("Eva", "find", options=("--holder", "subject"))
    told = shown(club, "enrol", token, club.portrait("Eva"), "--receipt", tmp_path / "eva.jws")
    assert re.search(r"^    KB-[0-9A-Z-]{40,}$", told, re.MULTILINE)
    club.photo("ada.jpg", "Ada")
    club.collect()
    for call in (
        ("sweep", "party", "--workers", "1"),
        ("receipt", "verify", tmp_path / "eva.jws"),
        ("receipt", "print", club.ids["Ada"]),
        ("ledger", "checkpoint"),
        ("ledger", "show"),
        ("pack", "show"),
        ("pack", "card"),
        ("pack", "list"),
        ("settings",),
        ("find", club.ids["Ada"]),
        ("publish", "party", club.out, "--channel", "web"),
        ("clock",),
        ("check",),
        ("withdraw", club.ids["Ada"]),
    ):
        told += shown(club, *call)
    assert not [line for line in told.splitlines() if re.search(r"\\[nxu]", line)]
