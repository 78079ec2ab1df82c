"""docs/how-to/add-a-purpose.md and add-a-jurisdiction.md, followed: a row is added, and everything follows from it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from tests.howto.copied import CopiedSource
from tests.modelpack.tiny_pack import blank_photo, draw_face

PAGES = Path(__file__).parents[2] / "docs" / "how-to"


@pytest.fixture
def kenbaar(tmp_path: Path, tiny_pack_folder: Path) -> CopiedSource:
    return CopiedSource.into(tmp_path, tiny_pack_folder)


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    pixels = blank_photo(480, 320)
    draw_face(pixels, 40, 96, 3, 96)
    Image.fromarray(pixels).save(tmp_path / "ada.png")
    return tmp_path / "ada.png"


def row_of(page: str) -> str:
    found = re.search(r"```text\n(.*?)```", (PAGES / page).read_text("utf-8"), re.DOTALL)
    assert found
    return found[1]


@pytest.mark.slow
def test_a_purpose_is_added_by_its_row(kenbaar: CopiedSource) -> None:
    kenbaar.edit("policy/_purposes.py", "\n)\nPURPOSES", f"\n{row_of('add-a-purpose.md')})\nPURPOSES")
    kenbaar("init", "--jurisdiction", "us")
    invited = kenbaar("invite", "Ada", "--purpose", "teach")
    enrolled = kenbaar("enrol", invited["token"], "--by-hand")
    assert enrolled["purposes"] == ["teach"]
    receipt = kenbaar("receipt", "verify", enrolled["receipt"])["payload"]["dpv:hasRecordOfActivity"][0]
    assert receipt["dpv:hasPurpose"]["dct:description"] == "My face may be shown in the organisation's own courses."
    assert receipt["dpv:hasRecipient"] == ["dpv:DataController"]
    error = kenbaar("invite", "Bea", "--purpose", "teach", "--minor", "--guardian", "Cleo", code=2)["error"]
    assert "teach" in error["what"]
    assert "teach" in kenbaar("invite", "Dan", "--purpose", "tach", code=2)["error"]["do"]
    withdrawn = kenbaar("withdraw", invited["subject"])
    assert withdrawn["purposes"] == ["teach"] and withdrawn["keys_destroyed"] == 1
    kenbaar("check")


@pytest.mark.slow
def test_a_jurisdiction_is_added_by_its_row(kenbaar: CopiedSource, portrait: Path, tmp_path: Path) -> None:
    kenbaar.edit(
        "policy/_jurisdictions.py", "\n)\nJURISDICTIONS", f"\n{row_of('add-a-jurisdiction.md')})\nJURISDICTIONS"
    )
    kenbaar("init", "--jurisdiction", "br")
    invited = kenbaar("invite", "Ada", "--purpose", "find")
    assert invited["holder"] == "subject"
    assert "730 days" in kenbaar("invite", "Bea", "--purpose", "find", "--until", "2099-01-01", code=2)["error"]["what"]
    enrolled = kenbaar("enrol", invited["token"], portrait)
    payload = kenbaar("receipt", "verify", enrolled["receipt"])["payload"]
    (record,) = payload["dpv:hasRecordOfActivity"]
    assert record["dpv:hasLegalBasis"] == ["dpv:ExplicitlyExpressedConsent", "br-lgpd:A7-I", "br-lgpd:A11-I"]
    assert record["dpv:hasRight"] == ["br-lgpd:A18"] and record["dpv:hasJurisdiction"] == "loc:BR"
    assert "LGPD" in json.dumps(payload).upper() and "br-lgpd" in payload["@context"]
    (tmp_path / "photos").mkdir()
    add = ("collection", "add", "c", tmp_path / "photos", "--mode", "transient", "--reason", "why")
    assert "jurisdiction" in kenbaar(*add, code=3)["error"]["what"]
    kenbaar("check")
