"""What every store promises, on SQLite and on PostgreSQL alike: one suite for both."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks.gallery.forge import put_people
from kenbaar.asking import SealedCase
from kenbaar.collections import Appearance, Collection, Item, ItemAnalysis, Moment, Rejection, Track
from kenbaar.consent import Grant, Invitation, Purpose, SealedTemplate, Subject
from kenbaar.errors import ArchiveBroken
from kenbaar.faces import Box
from kenbaar.publish import Copy
from kenbaar.staff import StaffAccount
from kenbaar.storage import (
    Database,
    SqlCaseStore,
    SqlCollectionStore,
    SqlConsentStore,
    SqlCopyStore,
    SqlPortraitStore,
    SqlStaffStore,
    SqlTemplateStore,
    open_database,
)
from tests.seal import SEAL

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADA, BEN = "s-aaaaaaaa", "s-bbbbbbbb"
FIND, SHOW_WEB, SHOW = Purpose.parse("find"), Purpose.parse("show:web"), Purpose.parse("show")


def _url(kind: str, request: pytest.FixtureRequest, tmp_path: Path, store: str) -> str:
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / f'{store}.db'}"
    pattern: str = request.getfixturevalue("postgresql")
    name = f"k{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(
        pattern.format("postgres").replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as c:
        c.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return pattern.format(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def archive_db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    database = open_database("archive", _url(request.param, request, tmp_path, "archive"), create=True)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def templates(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlTemplateStore]:
    database = open_database("templates", _url(request.param, request, tmp_path, "templates"), create=True)
    yield SqlTemplateStore(database)
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def portraits(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlPortraitStore]:
    database = open_database("templates", _url(request.param, request, tmp_path, "templates"), create=True)
    yield SqlPortraitStore(database)
    database.close()


def grant(name: str, subject: str, purpose: Purpose, *, until: datetime = NOW + timedelta(days=30)) -> Grant:
    return Grant(f"g-{name}", subject, purpose, f"k-{name}", b"wrapped " + name.encode(), NOW, until)


@pytest.fixture
def consents(archive_db: Database) -> SqlConsentStore:
    store = SqlConsentStore(archive_db, SEAL)
    for subject in (ADA, BEN):
        invitation = Invitation(
            f"hash {subject}", subject, (FIND, SHOW_WEB), NOW + timedelta(days=30), NOW + timedelta(days=3)
        )
        store.add_invited(Subject(subject, "Åda 人 'quote\"", "organisation", NOW), invitation)
    return store


@pytest.fixture
def items(archive_db: Database, consents: SqlConsentStore) -> SqlCollectionStore:
    store = SqlCollectionStore(archive_db, SEAL)
    store.add(Collection("party", "/photos", "off", NOW))
    return store


def see(store: SqlCollectionStore, *paths: str, run: str = "1") -> list[Item]:
    new = [Item(f"i-{path}", "party", path, 10, 20, "new") for path in paths]
    store.note_seen(run, new, [], [])
    return new


def analysed(
    item: Item, *seen: tuple[str, int], digest: str = "sha256:x", compared: tuple[str, ...] = (ADA, BEN)
) -> ItemAnalysis:
    boxes = (Box(0, 0, 100, 100), Box(200, 0, 300, 100))
    done = replace(
        item, state="present", digest=digest, width=640, height=480, analysed_with="pack", compared_with="gallery"
    )
    tracks = tuple(Track(item.id, n, Moment(box)) for n, box in enumerate(boxes))
    found = tuple(Appearance(who, tracks[n], "strong", "recognised", NOW) for who, n in seen)
    return ItemAnalysis(done, tracks, found, frozenset(compared))


# -- consents ------------------------------------------------------------------------------------------------------


def test_an_invitation_comes_back_as_it_was_kept(consents: SqlConsentStore) -> None:
    kept = consents.invitation(f"hash {ADA}")
    assert kept is not None
    assert (kept.subject, kept.purposes, kept.until) == (ADA, (FIND, SHOW_WEB), NOW + timedelta(days=30))
    assert consents.invitation("hash of another") is None


def test_enrolling_spends_the_invitation_and_keeps_the_grants_with_aware_times(consents: SqlConsentStore) -> None:
    person = consents.subject(ADA)
    assert person is not None
    consents.enrol(replace(person, enrolled_at=NOW, salt=b"s" * 16), f"hash {ADA}", NOW, [grant("1", ADA, FIND)])
    assert consents.invitation(f"hash {ADA}").used_at == NOW  # type: ignore[union-attr]
    assert consents.grants_of(ADA) == [grant("1", ADA, FIND)]
    assert consents.subject(ADA).salt == b"s" * 16  # type: ignore[union-attr]


def test_an_enrolment_that_fails_half_way_leaves_the_invitation_unspent(consents: SqlConsentStore) -> None:
    person = consents.subject(ADA)
    assert person is not None
    twice = [grant("1", ADA, FIND), grant("1", ADA, SHOW)]
    with pytest.raises(Exception):  # noqa: B017  # the driver's own integrity error
        consents.enrol(replace(person, enrolled_at=NOW), f"hash {ADA}", NOW, twice)
    assert consents.invitation(f"hash {ADA}").used_at is None  # type: ignore[union-attr]
    assert consents.grants_of(ADA) == []


def test_a_gallery_opens_with_grants_of_its_purpose_that_are_in_force_and_no_others(consents: SqlConsentStore) -> None:
    over = grant("over", BEN, FIND, until=NOW)
    put_people(
        consents._db, [], [grant("find", ADA, FIND), grant("show", ADA, SHOW), grant("web", BEN, SHOW_WEB), over]
    )
    assert [g.grant for g in consents.grant_keys(("find",), NOW)] == ["g-find"]
    assert [g.grant for g in consents.grant_keys(("show",), NOW)] == ["g-show", "g-web"]
    assert consents.grant_keys(("name",), NOW) == []
    assert consents.overdue(NOW) == [over]


def test_renewing_ends_what_is_replaced_in_the_same_breath(consents: SqlConsentStore) -> None:
    person = consents.subject(ADA)
    assert person is not None
    old, kept = grant("1", ADA, FIND), grant("2", ADA, SHOW)
    consents.enrol(replace(person, enrolled_at=NOW), f"hash {ADA}", NOW, [old, kept])
    consents.add_invitation(Invitation("again", ADA, (FIND,), NOW + timedelta(days=90), NOW + timedelta(days=3)))
    with pytest.raises(Exception):  # noqa: B017  # the driver's own integrity error: that grant is there already
        consents.renew(person, "again", NOW, [grant("2", ADA, FIND)], [old])
    assert consents.invitation("again").used_at is None  # type: ignore[union-attr]
    assert [g.ended_at for g in consents.grants_of(ADA)] == [None, None]
    consents.renew(person, "again", NOW, [grant("3", ADA, FIND)], [old])
    assert {g.id: g.end_reason for g in consents.grants_of(ADA)} == {"g-1": "renewed", "g-2": None, "g-3": None}
    assert consents.invitation("again").used_at == NOW  # type: ignore[union-attr]


def test_an_ended_grant_keeps_no_wrapped_key(consents: SqlConsentStore) -> None:
    put_people(consents._db, [], [grant("1", ADA, FIND), grant("2", ADA, SHOW)])
    consents.end_grants([grant("1", ADA, FIND)], NOW, "withdrawn")
    first, second = consents.grants_of(ADA)
    assert (first.wrapped_key, first.ended_at, first.end_reason) == (None, NOW, "withdrawn")
    assert second.wrapped_key == b"wrapped 2"
    assert consents.unended_keys() == {"k-2": ADA}


def test_who_leaves_is_without_name_guardian_and_invitation(consents: SqlConsentStore) -> None:
    consents.forget(ADA, NOW)
    gone = consents.subject(ADA)
    assert gone is not None
    assert (gone.name, gone.guardian, gone.salt, gone.left_at) == ("", None, None, NOW)
    assert consents.invitation(f"hash {ADA}") is None
    assert consents.subject(BEN).name != ""  # type: ignore[union-attr]


def test_receipts_come_back_oldest_first(consents: SqlConsentStore) -> None:
    consents.keep_receipt(ADA, "consent", NOW, "jws 1")
    consents.keep_receipt(ADA, "destruction", NOW, "jws 2")
    assert [r[2] for r in consents.receipts_of(ADA)] == ["jws 1", "jws 2"]


def test_a_note_replaces_the_one_of_the_same_name(consents: SqlConsentStore) -> None:
    consents.set_notes(a="1", b="2")
    consents.set_notes(a="3")
    assert (consents.note("a"), consents.note("b"), consents.note("c")) == ("3", "2", None)


# -- templates -----------------------------------------------------------------------------------------------------


def test_versions_of_a_template_lie_beside_each_other_until_the_records_name_one(templates: SqlTemplateStore) -> None:
    old, new = SealedTemplate(ADA, "pack", 1, b"old"), SealedTemplate(ADA, "pack", 2, b"new")
    for template in (old, SealedTemplate(ADA, "pack", 2, b"torn"), new, SealedTemplate(ADA, "other", 1, b"x")):
        templates.put(template)
    assert templates.get(ADA, "pack") == new
    assert list(templates.for_pack("pack")) == [old, new]
    templates.delete_one(old)
    assert list(templates.for_pack("pack")) == [new] and len(templates.packs_of(ADA)) == 2


def test_who_renewed_keeps_the_template_of_one_pack(templates: SqlTemplateStore) -> None:
    for subject, pack in ((ADA, "old"), (ADA, "new"), (BEN, "old")):
        templates.put(SealedTemplate(subject, pack, 1, b"noise"))
    assert templates.packs() == {"old", "new"}
    templates.delete_others(SealedTemplate(ADA, "new", 1, b"noise"))
    assert [t.pack for t in templates.packs_of(ADA)] == ["new"] and [t.pack for t in templates.packs_of(BEN)] == ["old"]


def test_a_portrait_takes_the_place_of_the_one_before_and_goes_with_its_person(portraits: SqlPortraitStore) -> None:
    for subject, sealed in ((ADA, b"old"), (BEN, b"ben"), (ADA, b"new")):
        portraits.put(subject, sealed)
    assert portraits.get(ADA) == b"new" and portraits.subjects() == {ADA, BEN}
    assert portraits.delete([ADA, "s-nobody00"]) == 1 and portraits.delete([]) == 0
    assert portraits.get(ADA) is None and portraits.get(BEN) == b"ben"


def test_deleting_takes_every_pack_of_these_people_and_of_nobody_else(templates: SqlTemplateStore) -> None:
    for subject, pack in ((ADA, "a"), (ADA, "b"), (BEN, "a")):
        templates.put(SealedTemplate(subject, pack, 1, b"1"))
    assert templates.delete([ADA]) == 2
    assert templates.subjects() == {BEN}


# -- collections ---------------------------------------------------------------------------------------------------


def test_a_roster_is_replaced_as_a_whole(items: SqlCollectionStore) -> None:
    changed = Collection("party", "/photos", "roster", NOW, officer="J", roster=(ADA, BEN))
    items.change(changed)
    assert items.get("party") == changed
    items.change(replace(changed, mode="off", roster=(), officer=None))
    assert items.get("party").roster == ()  # type: ignore[union-attr]


def test_what_was_not_seen_in_a_run_is_missing_and_what_was_never_read_is_forgotten(items: SqlCollectionStore) -> None:
    a, b, _ = see(items, "a", "b", "never read")
    items.write_analyses([analysed(a), analysed(b)])
    items.note_seen("2", [], [a.id], [])
    assert items.mark_missing("party", "2") == 1
    assert items.count("party") == {"present": 1, "missing": 1}
    assert items.missing_by_digest("party", ["sha256:x", "sha256:y"])["sha256:x"].id == b.id


def test_only_what_is_new_behind_or_of_another_pack_is_due(items: SqlCollectionStore) -> None:
    a, b = see(items, "a", "b")
    items.write_analyses([analysed(a), replace(analysed(b), tracks=())])
    assert items.due_items("party", "pack", ["gallery"], "", 9) == []
    assert [i.path for i in items.due_items("party", "pack", ["other"], "", 9)] == ["a"]  # b has no face to compare
    assert [i.path for i in items.due_items("party", "newer pack", ["gallery"], "", 9)] == ["a", "b"]
    assert items.due_items("party", "pack", None, "", 9) == []


def test_a_new_analysis_replaces_those_compared_and_keeps_the_rest(items: SqlCollectionStore) -> None:
    (a,) = see(items, "a")
    items.write_analyses([analysed(a, (ADA, 0), (BEN, 1))])
    items.write_analyses([analysed(a, compared=(ADA,))])
    assert [x.subject for x in items.appearances_in(a.id)] == [BEN]


def test_what_somebody_said_by_hand_survives_a_new_analysis_of_the_same_content(items: SqlCollectionStore) -> None:
    (a,) = see(items, "a")
    items.write_analyses([analysed(a)])
    items.put_appearance(Appearance(ADA, items.tracks(a.id)[1], "by hand", "by hand", NOW))
    items.write_analyses([analysed(a)])
    assert [(x.subject, x.band) for x in items.appearances_in(a.id)] == [(ADA, "by hand")]
    items.write_analyses([analysed(a, digest="sha256:other content")])
    assert items.appearances_in(a.id) == []


def test_a_face_has_one_person_and_a_person_one_face(items: SqlCollectionStore) -> None:
    (a,) = see(items, "a")
    items.write_analyses([analysed(a, (ADA, 0))])
    first, second = items.tracks(a.id)
    items.put_appearance(Appearance(BEN, first, "strong", "claimed", NOW))
    items.put_appearance(Appearance(BEN, second, "strong", "claimed", NOW))
    assert [(x.subject, x.n) for x in items.appearances_in(a.id)] == [(BEN, 1)]


def test_not_me_holds_for_every_item_of_that_content(items: SqlCollectionStore) -> None:
    a, b = see(items, "a", "b")
    items.write_analyses([analysed(a, (ADA, 0)), analysed(b, (ADA, 0))])
    rejection = Rejection("sha256:x", ADA, Box(0, 0, 100, 100), NOW)
    items.reject([rejection], a.id)
    assert items.appearances_of(ADA) == []
    assert items.rejections("sha256:x") == [rejection]


def test_an_unreadable_item_keeps_no_faces(items: SqlCollectionStore) -> None:
    (a,) = see(items, "a")
    items.write_analyses([analysed(a, (ADA, 0))])
    items.mark_unreadable([(a, "is cut short")])
    assert items.tracks(a.id) == []
    assert items.appearances_in(a.id) == []
    assert items.item(a.id).why == "is cut short"  # type: ignore[union-attr]


def test_a_moved_file_keeps_its_id_and_its_people(items: SqlCollectionStore) -> None:
    (a,) = see(items, "a")
    items.write_analyses([analysed(a, (ADA, 0))])
    (b,) = see(items, "b", run="2")
    items.mark_missing("party", "2")
    items.take_over(items.missing_by_digest("party", ["sha256:x"])["sha256:x"], b)
    assert [(i.id, i.path, i.state) for i, _ in items.appearances_of(ADA)] == [(a.id, "b", "present")]
    assert items.item(b.id) is None


def test_dropping_a_person_takes_their_appearances_and_with_everything_their_rejections(
    items: SqlCollectionStore,
) -> None:
    a, b = see(items, "a", "b")
    items.write_analyses([analysed(a, (ADA, 0), (BEN, 1)), analysed(b, (ADA, 0), digest="sha256:y")])
    items.reject([Rejection("sha256:y", ADA, Box(0, 0, 100, 100), NOW)], b.id)
    assert items.drop_person(ADA, everything=False) == 1
    assert len(items.rejections("sha256:y")) == 1
    items.drop_person(ADA, everything=True)
    assert items.rejections("sha256:y") == []
    assert items.people() == {BEN}


# -- copies --------------------------------------------------------------------------------------------------------


def copy(path: str, *showing: str) -> Copy:
    return Copy(
        path, "party", "i-a", "/out", "web", "sha256:s", "sha256:c", "key", 1, len(showing), NOW, tuple(sorted(showing))
    )


def test_between_announcing_and_settling_old_and_new_people_both_count_as_shown(
    archive_db: Database, items: SqlCollectionStore
) -> None:
    copies = SqlCopyStore(archive_db)
    copies.placed([copy("/out/a.jpg", ADA)])
    copies.announce([copy("/out/a.jpg", BEN)])
    assert [c.path for c in copies.showing(ADA)] == [c.path for c in copies.showing(BEN)] == ["/out/a.jpg"]
    copies.placed([copy("/out/a.jpg", BEN)])
    assert copies.showing(ADA) == []
    assert copies.of_folder("/out") == {"/out/a.jpg": copy("/out/a.jpg", BEN)}


def test_a_dropped_copy_shows_nobody(archive_db: Database, items: SqlCollectionStore) -> None:
    copies = SqlCopyStore(archive_db)
    copies.placed([copy("/out/a.jpg", ADA)])
    copies.drop(["/out/a.jpg"])
    assert copies.showing(ADA) == []
    assert copies.of_folder("/out") == {}


# -- the databases themselves --------------------------------------------------------------------------------------


def test_a_missing_database_is_never_made_anew_in_silence(tmp_path: Path) -> None:
    with pytest.raises(ArchiveBroken, match="missing"):
        open_database("archive", f"sqlite:///{tmp_path / 'archive.db'}")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "archive.db").write_bytes(b"not a database at all, but long enough to have a header" * 50)
    with pytest.raises(ArchiveBroken, match="cannot be used"):
        open_database("archive", f"sqlite:///{tmp_path / 'archive.db'}")


def test_what_was_deleted_is_in_no_byte_of_the_sqlite_files(tmp_path: Path) -> None:
    database = open_database("templates", f"sqlite:///{tmp_path / 'templates.db'}", create=True)
    store = SqlTemplateStore(database)
    secret = b"the sealed bytes of somebody who leaves" * 40
    for n in range(50):
        store.put(SealedTemplate(f"s-{n:08d}", "pack", 1, secret if n == 7 else b"x" * 1500))
    store.delete(["s-00000007"])
    for file in tmp_path.iterdir():
        assert secret[:64] not in file.read_bytes()
    database.close()


# -- cases ---------------------------------------------------------------------------------------------------------


def sealed_case(name: str, key: str = "k", *, opened: datetime = NOW) -> SealedCase:
    return SealedCase(f"c-{name}", opened, NOW + timedelta(days=30), f"{key}-{name}", b"sealed " + name.encode())


def test_cases_come_back_oldest_first_and_a_new_state_takes_the_place_of_the_old(archive_db: Database) -> None:
    store = SqlCaseStore(archive_db)
    store.add(sealed_case("b"), [b"photo 0", b"photo 1"])
    store.add(sealed_case("a", opened=NOW - timedelta(days=1)), [])
    assert [case.id for case in store.all()] == ["c-a", "c-b"]
    store.replace(replace(sealed_case("b", key="new"), sealed=b"after an answer"))
    assert store.get("c-b") == replace(sealed_case("b", key="new"), sealed=b"after an answer")
    assert (store.photo("c-b", 1), store.photo("c-b", 2), store.photo("c-a", 0)) == (b"photo 1", None, None)


def test_a_removed_case_takes_its_photos_along(archive_db: Database) -> None:
    store = SqlCaseStore(archive_db)
    store.add(sealed_case("a"), [b"photo"])
    store.remove("c-a")
    store.remove("c-a")
    assert store.get("c-a") is None and store.photo("c-a", 0) is None and store.all() == []


# -- staff ---------------------------------------------------------------------------------------------------------


def account(name: str, **changed: object) -> StaffAccount:
    made = StaffAccount(
        f"a-{name}", "Åda 人", "editor", None, False, "root", NOW, NOW + timedelta(days=9), f"hash {name}"
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def test_accounts_come_back_as_they_were_kept(archive_db: Database) -> None:
    store = SqlStaffStore(archive_db, SEAL)
    later = account("b", invited_at=NOW + timedelta(hours=1))
    for each in (later, account("a")):
        store.put(each)
    assert store.all() == [account("a"), later] and store.get("a-b") == later and store.get("a-c") is None
    assert store.by_token("hash a") == account("a") and store.by_token("another") is None
    accepted = account("a", token_hash=None, accepted_at=NOW, salt=b"s" * 16, verifier=b"v" * 32)
    store.put(accepted)
    assert store.get("a-a") == accepted and store.by_token("hash a") is None
    assert store.edited() == [] and store.protecting() == []
    store.put(replace(accepted, ended_at=NOW, salt=None, verifier=None))
    assert len(store.protecting()) == 1


@pytest.mark.parametrize("edit", ["role = 'officer'", "until = '2098-01-01 00:00:00'", "name = 'Eve'", "seal = NULL"])
def test_an_account_that_was_edited_is_refused_and_named(archive_db: Database, edit: str) -> None:
    store = SqlStaffStore(archive_db, SEAL)
    store.put(account("a"))
    with archive_db.write() as c:
        c.execute(sa.text(f"UPDATE staff SET {edit}"))  # the attack itself
    for read in (lambda: store.get("a-a"), store.all, lambda: store.by_token("hash a")):
        with pytest.raises(ArchiveBroken):
            read()
    assert len(store.edited()) == 1 and "a-a" in store.edited()[0]
