"""kenbaar report: what was done in a time, signed, and true by counting again."""

from __future__ import annotations

import json

from kenbaar.consent import sign_manifest
from tests.e2e.club import Club

WORDS = ("report", "transparency", "--from", "2026-01-01", "--to", "2099-01-01")


def test_a_report_is_signed_and_stays_true_while_people_come_and_leave(club: Club) -> None:
    for _ in range(12):
        club.kenbaar("find", club.ids["Ada"])
    page, data = club.folder / "report.html", club.folder / "report.json"
    made = club.kenbaar(*WORDS, "--out", page)
    assert made["figures"]["acts"]["parts"]["find"] == 12
    assert made["figures"]["acts"]["parts"]["enrol"] is None, "under ten"
    text = page.read_text()
    assert "people looking for their own pictures" in text and "under 10" in text and "Ada" not in text
    assert club.kenbaar("report", "verify", data) == {"ok": True, "problems": []}
    club.kenbaar("withdraw", club.ids["Ada"])
    assert club.kenbaar("report", "verify", data)["ok"] is True
    assert club.kenbaar(*WORDS)["page"] is None


def test_a_report_that_was_altered_or_is_none_is_refused(club: Club) -> None:
    page, data = club.folder / "report.html", club.folder / "report.json"
    club.kenbaar(*WORDS, "--out", page)
    said = json.loads(data.read_text())
    said["figures"]["photos"] = 400
    data.write_text(json.dumps(said))
    club.kenbaar("report", "verify", data, code=6)
    club.kenbaar("report", "verify", page, code=4)
    club.kenbaar("report", "verify", club.folder / "absent.json", code=4)
    club.kenbaar("report", "transparency", "--from", "2026-02-01", "--to", "2026-01-01", code=2)
    club.kenbaar(*WORDS, "--out", club.folder / "report.txt", code=2)


def test_a_signed_report_with_a_figure_that_the_ledger_does_not_give_is_not_true(club: Club) -> None:
    data = club.folder / "report.json"
    club.kenbaar(*WORDS, "--out", data.with_suffix(".html"))
    said = {name: value for name, value in json.loads(data.read_text()).items() if name != "signature"}
    said["figures"]["photos"] = 400
    with club.open() as archive:
        data.write_text(json.dumps(sign_manifest(said, archive.consents.signer)))
    answer = club.kenbaar("report", "verify", data, code=6)
    assert answer["problems"] == ["photos is not what the ledger gives."]
