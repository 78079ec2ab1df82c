"""Changed behind Kenbaar's back: found, said in a sentence, exit 6, and nobody is named by mistake."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.e2e.club import Club
from tests.modelpack.tiny_pack import build_tiny_pack


def test_an_edited_ledger_is_found_and_stops_every_act(party: Club) -> None:
    entries = party.home / "ledger" / "entries.jsonl"
    good = entries.read_bytes()
    at = good.index(b'"enrol"') if b'"enrol"' in good else len(good) // 2
    entries.write_bytes(good[:at] + bytes([good[at + 1] ^ 1]) + good[at + 1 :])
    verify = party.kenbaar.answer("ledger", "verify")
    assert verify.code == 6 and (verify.data.get("ok") is False or "error" in verify.data)
    party.kenbaar.refused("find", party.ids["Ada"], code=6)
    entries.write_bytes(good)
    assert party.kenbaar("ledger", "verify")["ok"] is True


def test_a_cut_ledger_is_found(party: Club) -> None:
    entries, acts = party.home / "ledger" / "entries.jsonl", party.home / "ledger" / "acts.jsonl"
    good = entries.read_bytes(), acts.read_bytes()
    for file, data in zip((entries, acts), good, strict=True):
        file.write_bytes(b"".join(data.splitlines(keepends=True)[:-2]))
    assert party.kenbaar.answer("ledger", "verify").code == 6
    party.kenbaar.refused("sweep", "party", code=6)
    for file, data in zip((entries, acts), good, strict=True):
        file.write_bytes(data)


def sealed(club: Club) -> sqlite3.Connection:
    return sqlite3.connect(club.home / "templates.db")


def test_swapped_sealed_templates_of_two_people_are_refused(party: Club) -> None:
    with sealed(party) as db:
        rows = dict(db.execute("SELECT subject, sealed FROM sealed_templates").fetchall())
        a, b = party.ids["Ada"], party.ids["Bob"]
        for subject, other in ((a, b), (b, a)):
            db.execute("UPDATE sealed_templates SET sealed = ? WHERE subject = ?", (rows[other], subject))
    db.close()
    party.photo("new.jpg", "Ada")
    party.kenbaar.refused("sweep", "party", code=6)
    with sealed(party) as db:
        for subject, data in rows.items():
            db.execute("UPDATE sealed_templates SET sealed = ? WHERE subject = ?", (data, subject))
    db.close()
    party.sweep()
    assert party.found("Ada") == ["ada.jpg", "both.jpg", "new.jpg"] and party.found("Bob") == ["both.jpg"]


def test_a_template_filed_under_another_person_is_refused(party: Club) -> None:
    with sealed(party) as db:
        db.execute("UPDATE sealed_templates SET subject = 'x' WHERE subject = ?", (party.ids["Ada"],))
        db.execute("UPDATE sealed_templates SET subject = ? WHERE subject = ?", (party.ids["Ada"], party.ids["Bob"]))
        db.execute("UPDATE sealed_templates SET subject = ? WHERE subject = 'x'", (party.ids["Bob"],))
    db.close()
    party.photo("new.jpg", "Ada")
    party.kenbaar.refused("sweep", "party", code=6)
    party.kenbaar.whole = False


def test_one_flipped_bit_in_a_sealed_template_is_refused(party: Club) -> None:
    with sealed(party) as db:
        (data,) = db.execute("SELECT sealed FROM sealed_templates WHERE subject = ?", (party.ids["Ada"],)).fetchone()
        broken = data[:-1] + bytes([data[-1] ^ 1])
        db.execute("UPDATE sealed_templates SET sealed = ? WHERE subject = ?", (broken, party.ids["Ada"]))
    db.close()
    party.photo("new.jpg", "Ada")
    party.kenbaar.refused("sweep", "party", code=6)
    assert party.kenbaar("withdraw", party.ids["Ada"])["left"] is True  # leaving needs no template
    assert party.sweep()["appearances"] == 2


def test_a_template_of_another_pack_is_not_searched(party: Club) -> None:
    old = party.kenbaar.pack
    party.kenbaar.pack = build_tiny_pack(party.folder / "other-pack", seed=9)
    party.photo("new.jpg", "Ada")
    report = party.sweep()
    assert report["unreadable"] == []
    assert "new.jpg" not in party.found("Ada")
    token = party.invite("Dov", "find")
    party.kenbaar("enrol", token, party.portrait("Dov"))
    party.photo("dov.jpg", "Dov", "Ada")
    party.sweep()
    assert party.found("Dov") == ["dov.jpg"] and "dov.jpg" not in party.found("Ada")
    party.kenbaar.pack = old
    party.sweep()
    assert "dov.jpg" in party.found("Ada") and "new.jpg" in party.found("Ada")


@pytest.mark.parametrize("name", ["detector.onnx", "embedder.onnx"])
def test_an_altered_pack_is_refused_and_what_was_found_stays(party: Club, name: str) -> None:
    pack = party.folder / "altered-pack"
    shutil.copytree(str(party.kenbaar.pack), pack)
    data = (pack / name).read_bytes()
    (pack / name).write_bytes(data[:-20] + b"x" + data[-19:])
    whole, party.kenbaar.pack = party.kenbaar.pack, pack
    party.photo("new.jpg", "Ada")
    party.kenbaar.refused("sweep", "party", code=6)
    party.kenbaar.refused("enrol", party.invite("Dov", "find"), party.portrait("Dov"), code=6)
    party.kenbaar.refused("publish", "party", party.out, "--channel", "web", code=6)
    party.kenbaar.pack = whole
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]
    party.sweep()
    assert party.found("Ada") == ["ada.jpg", "both.jpg", "new.jpg"]


def test_a_missing_pack_is_exit_4_and_says_how_to_get_it(party: Club) -> None:
    whole, party.kenbaar.pack = party.kenbaar.pack, party.folder / "no pack"
    party.kenbaar.refused("sweep", "party", code=4)
    party.kenbaar.refused("publish", "party", party.out, "--channel", "web", code=4)
    party.kenbaar.pack = None
    assert "pack fetch" in party.kenbaar.refused("sweep", "party", code=4)
    party.kenbaar.pack = whole
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]


def test_a_tampered_receipt_is_refused_offline(party: Club) -> None:
    receipt = Path(party.kenbaar("withdraw", party.ids["Ada"])["receipt"])
    text = receipt.read_text()
    for tampered in (text[:40] + ("A" if text[40] != "A" else "B") + text[41:], text[:-30], "", "a.b.c", "{}"):
        receipt.write_text(tampered)
        assert party.kenbaar.answer("receipt", "verify", receipt).code in (4, 6)
    receipt.write_text(text)
    assert party.kenbaar("receipt", "verify", receipt)["trusted"] is True
    nowhere = party.folder / "nowhere"
    assert party.kenbaar("receipt", "verify", receipt, "--home", nowhere)["trusted"] is False
    assert not nowhere.exists()


def test_an_edited_manifest_is_refused_and_a_whole_one_states_every_copy(party: Club) -> None:
    party.publish()
    manifest = party.out / "manifest.json"
    text = manifest.read_text()
    verified = party.kenbaar("receipt", "verify", manifest)
    assert verified["trusted"] is True
    files = {f["file"]: f for f in verified["payload"]["files"]}
    assert set(files) == {"ada.jpg", "both.jpg", "cas.jpg", "nobody.jpg"}
    from kenbaar.media import digest_file

    for name, file in files.items():
        assert digest_file(party.out / name) == file["digest"]
        assert digest_file(party.photos / name) == file["source_digest"]
    changed = json.dumps(json.loads(text)).replace("ada.jpg", "adb.jpg")
    manifest.write_text(changed)
    assert party.kenbaar.answer("receipt", "verify", manifest).code == 6


def test_migrations_go_up_with_data_down_and_up_again(party: Club) -> None:
    import sqlalchemy as sa
    from alembic import command
    from alembic.config import Config

    import kenbaar.storage

    for store in ("archive", "templates"):
        place = Path(kenbaar.storage.__file__).parent / "migrations" / store
        engine = sa.create_engine(f"sqlite:///{party.home / f'{store}.db'}")
        config = Config()
        config.set_main_option("script_location", str(place))
        for way in ("down", "up"):
            with engine.begin() as connection:
                config.attributes["connection"] = connection
                command.downgrade(config, "base") if way == "down" else command.upgrade(config, "head")
            tables = set(sa.inspect(engine).get_table_names()) - {"alembic_version"}
            assert bool(tables) == (way == "up")
        engine.dispose()
    party.kenbaar.whole = False  # going down to nothing leaves nothing
    party.kenbaar.refused("subjects", code=6)


def test_a_database_of_a_newer_kenbaar_is_refused_and_not_touched(party: Club) -> None:
    with sqlite3.connect(party.home / "archive.db") as db:
        (ours,) = db.execute("SELECT version_num FROM alembic_version").fetchone()
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.close()
    party.kenbaar.refused("subjects", code=6)
    with sqlite3.connect(party.home / "archive.db") as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
        db.execute("UPDATE alembic_version SET version_num = ?", (ours,))
    db.close()
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]
