"""Every act: a request, an answer, a permission; one serialiser, one kind of schema; progress that can say stop."""

from __future__ import annotations

import dataclasses
import functools
import json
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kenbaar import acts
from kenbaar.acts import ACTS, HIDDEN, IF_GIVEN, ActRow, as_json, schema_of
from kenbaar.acts.schemas import schemas
from kenbaar.consent import Holder
from kenbaar.errors import Cancelled, NotFound, RoleRefused
from kenbaar.faces import Box
from kenbaar.policy import ROLES, Actor, Permission, RoleName, subject_actor
from kenbaar.settings import Settings
from tests.actors import OFFICER
from tests.e2e.club import new_club
from tests.e2e.unsealed import unseal
from tests.measure.volunteers import draw_volunteers
from tests.modelpack.tiny_pack import build_tiny_pack
from tests.rights.party import Party, a_copy, a_party

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made_party(tmp_path_factory: pytest.TempPathFactory, tiny_pack_folder: Path) -> Party:
    with a_party(tmp_path_factory.mktemp("made"), tiny_pack_folder) as p:
        p.enrol("Ada", 1, ("find", "show:web"))
        p.photo("a.jpg", 1)
        p.photo("b.jpg", 1, 40)
        p.add()
        p.sweep()
    return p


@pytest.fixture
def party(made_party: Party, tmp_path: Path) -> Iterator[Party]:
    with a_copy(made_party, tmp_path) as p:
        yield p


# -- what every act is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ACTS.values(), ids=lambda row: row.name)
def test_request_and_answer_are_frozen_dataclasses_that_say_what_they_are(row: ActRow) -> None:
    for kind in (row.request, row.answer):
        assert dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
        assert kind.__doc__ and not kind.__doc__.startswith(f"{kind.__name__}("), kind
    assert row.run.__doc__ and isinstance(row.needs, Permission)


def test_every_function_that_takes_a_request_is_in_the_table() -> None:
    found = set()
    for module in pkgutil.iter_modules(acts.__path__):
        for value in vars(import_module(f"kenbaar.acts.{module.name}")).values():
            hints = getattr(value, "__annotations__", {})
            if callable(value) and "request" in hints and "actor" in hints:
                found.add(value.__name__)
    assert found - {"require"} == {row.run.__name__ for row in ACTS.values()}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("row", ACTS.values(), ids=lambda row: row.name)
def test_who_may_not_is_refused_before_anything_is_opened(row: ActRow, role: RoleName) -> None:
    """The archive handed over is no archive: an act that got so far would fail on it with another error."""
    request: Any = object.__new__(row.request)
    if row.needs in ROLES[role].may:
        with pytest.raises((AttributeError, TypeError)):
            row.run(object(), Actor("staff", "eve", role), request)
    else:
        with pytest.raises(RoleRefused):
            row.run(object(), Actor("staff", "eve", role), request)


@pytest.mark.parametrize("row", ACTS.values(), ids=lambda row: row.name)
def test_a_person_does_their_own_and_nobody_elses(row: ActRow) -> None:
    ada, other = Actor("subject", "s-ada00000"), Actor("subject", "s-bob00000")
    fields = {f.name for f in dataclasses.fields(row.request)}
    with pytest.raises(RoleRefused):
        row.run(object(), other, _asking(row, "s-ada00000"))
    if row.own:
        assert "subject" in fields
        with pytest.raises((AttributeError, TypeError)):
            row.run(object(), ada, _asking(row, "s-ada00000"))


def _asking(row: ActRow, subject: str) -> Any:
    request: Any = object.__new__(row.request)
    if "subject" in {f.name for f in dataclasses.fields(row.request)}:
        object.__setattr__(request, "subject", subject)
    return request


def test_no_code_and_no_token_stands_in_the_repr_of_a_request() -> None:
    for row in ACTS.values():
        for field in dataclasses.fields(row.request):
            if field.name in ("codes", "token", "passphrase"):
                assert not field.repr, (row.name, field.name)


# -- JSON --------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Inner:
    """One row."""

    box: Box
    at: datetime


@dataclasses.dataclass(frozen=True)
class _Answer:
    """An answer of every kind."""

    day: date | None
    place: Path
    rows: tuple[_Inner, ...]
    code: str | None = dataclasses.field(default=None, metadata=IF_GIVEN)
    words: str = dataclasses.field(default="", metadata=HIDDEN)


def test_an_answer_becomes_json_in_the_order_of_its_fields() -> None:
    at = datetime(2026, 11, 26, 12, tzinfo=UTC)
    told = as_json(_Answer(date(2027, 1, 2), Path("/a/b"), (_Inner(Box(1, 2, 3, 4), at),), None, "for a terminal"))
    assert json.dumps(told) == (
        '{"day": "2027-01-02", "place": "/a/b", "rows": [{"box": [1, 2, 3, 4], "at": "2026-11-26T12:00:00+00:00"}]}'
    )
    assert as_json(_Answer(None, Path("x"), (), "KB-1"))["code"] == "KB-1"
    jsonschema.validate(told, schema_of(_Answer, "an answer"))


@pytest.mark.parametrize("change", [{"day": 7}, {"rows": [{"box": [1, 2, 3]}]}, {"more": 1}, {"place": None}])
def test_its_schema_refuses_what_is_no_such_answer(change: dict[str, Any]) -> None:
    good = as_json(_Answer(None, Path("x"), ()))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**good, **change}, schema_of(_Answer, "an answer"))


def test_the_schemas_in_the_docs_are_those_of_the_answers() -> None:
    there = {f.name: f.read_text("utf-8") for f in (ROOT / "docs" / "schemas").glob("*.json")}
    assert there == dict(schemas()), "run: python -m kenbaar.acts.schemas docs/schemas"


# -- acts themselves ---------------------------------------------------------------------------------------------------


@functools.cache
def held_to(kind: type, name: str) -> Any:
    """What says whether an answer is what its schema says; the schema itself is looked at once."""
    schema = schema_of(kind, name)
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    return validator(schema)


def the_answer(name: str, where: Any, request: Any, actor: Actor = OFFICER) -> Any:
    """What an act answers; it is held to its schema on the way."""
    answer = ACTS[name].run(where, actor, request)
    assert isinstance(answer, ACTS[name].answer)
    held_to(ACTS[name].answer, name).validate(json.loads(json.dumps(as_json(answer))))
    return answer


def test_real_answers_are_what_their_schemas_say(party: Party, tmp_path: Path, tiny_pack_folder: Path) -> None:
    archive, ada = party.archive, party.people["Ada"].subject
    item = archive.collections.store.items("party", ("present",), "", 9)[0].id
    out = tmp_path / "out"
    elsewhere = Settings(home=tmp_path / "another home", cache=tmp_path / "cache", pack=str(tiny_pack_folder))
    the_answer("init", elsewhere, acts.InitRequest("The Band", "eea"))
    portraits = (tmp_path / "portrait-0.png",)
    holders: tuple[Holder, ...] = ("organisation", "subject")
    for holder in holders:
        invited = the_answer("invite", archive, acts.InviteRequest("Bob", ("find", "show:web"), holder=holder))
        the_answer("offer", archive, acts.OfferRequest(invited.token))
        given = the_answer("enrol", archive, acts.EnrolRequest(invited.token, ("find",), portraits))
        assert (given.code is None) == (holder == "organisation")
    the_answer("offer", archive, acts.OfferRequest(the_answer("renew", archive, acts.RenewRequest(ada)).token))
    story: list[tuple[str, Any, Any]] = [
        ("subjects", archive, acts.SubjectsRequest()),
        ("collection add", archive, acts.AddCollectionRequest("more", tmp_path / "photos")),
        ("collection add", archive, acts.AddCollectionRequest("us", tmp_path / "photos", "roster", None, (ada,), "Jo")),
        ("collection list", archive, acts.ListCollectionsRequest()),
        ("collection show", archive, acts.ShowCollectionRequest("party")),
        ("collection set", archive, acts.SetCollectionRequest("party", "transient", "a test")),
        ("sweep", archive, acts.SweepRequest("party", 1)),
        ("find", archive, acts.FindRequest(ada)),
        ("claim", archive, acts.ClaimRequest(ada, item, 0)),
        ("publish", archive, acts.PublishRequest("party", out, "web")),
        ("export", archive, acts.ExportRequest(ada, tmp_path / "ada.zip")),
        ("receipt print", archive, acts.PrintReceiptsRequest(ada)),
        ("receipt verify", archive.settings, acts.VerifyReceiptRequest(out / "manifest.json")),
        ("reject", archive, acts.RejectRequest(ada, item)),
        ("ledger show", archive, acts.ShowLedgerRequest(limit=3)),
        ("ledger verify", archive.settings, acts.VerifyLedgerRequest()),
        ("ledger checkpoint", archive, acts.CheckpointRequest()),
        ("report transparency", archive, acts.ReportRequest(date(2026, 1, 1), date(2027, 1, 1), tmp_path / "r.html")),
        ("report verify", archive, acts.VerifyReportRequest(tmp_path / "r.json")),
        ("check", archive, acts.CheckRequest()),
        ("clock", archive, acts.ClockRequest(confirm=True)),
        ("keys rotate", archive, acts.RotateRequest()),
        ("settings", archive.settings, acts.SettingsRequest()),
        ("pack list", archive.settings, acts.ListPacksRequest()),
        ("pack show", archive.settings, acts.ShowPackRequest()),
        ("pack card", archive.settings, acts.ShowPackRequest()),
        ("withdraw", archive, acts.WithdrawRequest(ada)),
    ]
    for name, where, request in story:
        the_answer(name, where, request)


def test_so_is_that_of_a_second_word(party: Party, tmp_path: Path) -> None:
    archive, ada = party.archive, party.people["Ada"].subject
    acts.sweep(archive, OFFICER, acts.SweepRequest("party", 1))
    store = archive.collections.store
    item = store.items("party", ("present",), "", 9)[0].id
    store.put_appearance(replace(store.appearances_in(item)[0], band="by hand", how="by hand", said_by="somebody"))
    page = tmp_path / "look.html"
    (row,) = the_answer("confirm list", archive, acts.ListToConfirmRequest()).waiting
    assert (row.subject, row.item, row.said_by) == (ada, item, "somebody")
    looked = the_answer("confirm look", archive, acts.LookToConfirmRequest(ada, item, 200))
    assert looked.jpeg.startswith(b"\xff\xd8") and looked.said_by == "somebody"
    assert the_answer("confirm", archive, acts.ConfirmRequest(ada, item, sheet=page)).confirmed_by is None
    number = re.search(r"say the number (\d{6})", page.read_text("utf-8"))
    assert number is not None and number[1] == looked.number
    assert the_answer("confirm", archive, acts.ConfirmRequest(ada, item, seen=number[1])).confirmed_by == OFFICER.name
    assert the_answer("confirm list", archive, acts.ListToConfirmRequest()).waiting == ()


def test_so_are_those_of_what_people_see_and_decide_themselves(party: Party) -> None:
    archive = party.archive
    cas = party.enrol("Cas", 5, ("find", "show:web")).subject
    themselves = subject_actor(cas)
    acts.withdraw(archive, themselves, acts.WithdrawRequest(cas, "show:web"))
    off = the_answer("choices", archive, acts.ChoicesRequest(cas, "nl"), themselves).choices[1]
    assert (off.purpose, off.on) == ("show:web", False)
    the_answer("agree", archive, acts.AgreeRequest(cas, "show:web"), themselves)
    acts.sweep(archive, OFFICER, acts.SweepRequest("party", 1))
    ada = party.people["Ada"].subject
    here = archive.collections.store.appearances_of(ada)[0][0].id
    assert the_answer("hide", archive, acts.HideRequest(ada, here), subject_actor(ada)).copies == ()
    link = the_answer("code link", archive, acts.CodeLinkRequest(cas), OFFICER)
    assert the_answer("code open", archive, acts.OpenCodeLinkRequest(link.token), OFFICER).subject == cas
    assert the_answer("code", archive, acts.NewCodeRequest(cas), themselves).code.startswith("KB-")
    key = acts.AddPasskeyRequest(cas, b"id", b"key", 0, label="phone")
    (kept,) = the_answer("passkey add", archive, key, themselves).passkeys
    assert the_answer("passkey list", archive, acts.PasskeysRequest(cas), themselves).passkeys == (kept,)
    assert (
        the_answer("passkey remove", archive, acts.RemovePasskeyRequest(cas, kept.passkey), themselves).passkeys == ()
    )
    assert the_answer("about", archive, acts.AboutRequest()).modes
    newest = the_answer("looks", archive, acts.LooksRequest(cas), themselves).looks[0]
    assert newest.who == "you"
    assert the_answer("look proof", archive, acts.LookProofRequest(cas, newest.entry), themselves).proof
    acts.sweep(archive, OFFICER, acts.SweepRequest("party", 1))
    ada = party.people["Ada"].subject
    item = acts.find(archive, OFFICER, acts.FindRequest(ada)).appearances[0].item
    the_answer("own picture", archive, acts.OwnPictureRequest(ada, item, side_px=64), subject_actor(ada))


def test_so_are_those_of_pictures_and_copies(party: Party, tmp_path: Path) -> None:
    archive = party.archive
    acts.sweep(archive, OFFICER, acts.SweepRequest("party", 1))
    item = archive.collections.store.items("party", ("present",), "", 1)[0].id
    assert the_answer("collection item", archive, acts.ShowItemRequest(item, 64)).jpeg
    assert the_answer("collection people", archive, acts.RosterPeopleRequest()).people
    some = the_answer("collection show", archive, acts.ShowCollectionRequest("party", limit=1))
    assert len(some.items) == 1
    the_answer("publish plan", archive, acts.PlanPublicationRequest("party", "web"))
    acts.publish(archive, OFFICER, acts.PublishRequest("party", tmp_path / "out", "web", workers=1))
    copy = the_answer("copies list", archive, acts.ListCopiesRequest()).copies[0]
    assert the_answer("copies show", archive, acts.ShowCopyRequest(copy.copy)).data


def test_so_are_those_of_asking(party: Party, tmp_path: Path) -> None:
    archive = party.archive
    party.enrol("Dov", 6, ("find", "ask"))
    accounts = {}
    roles: tuple[tuple[str, RoleName], ...] = (("Eddy", "editor"), ("Rik", "reviewer"), ("Rosa", "reviewer"))
    for name, role in roles:
        until = archive.journal.now().date()
        invited = the_answer("staff invite", archive, acts.InviteStaffRequest(name, role, until))
        the_answer("staff accept", archive, acts.AcceptStaffRequest(invited.token, "four words together"))
        accounts[name] = Actor("staff", invited.account, role)
    party.photo("probe.jpg", 6)
    photos = (party.photos / "probe.jpg",)
    asked = acts.search(archive, accounts["Eddy"], acts.SearchRequest(photos, "for a caption", "archive"))
    assert [len(face.candidates) for face in asked.faces] == [1]
    compared = acts.compare_case(archive, accounts["Rik"], acts.CompareRequest(asked.case, 0))
    for name in ("Rik", "Rosa"):
        acts.review_case(archive, accounts[name], acts.ReviewRequest(asked.case, 0, "A"))
    shown = acts.show_case(archive, accounts["Eddy"], acts.ShowCaseRequest(asked.case))
    assert shown.outcome is not None
    listed = acts.list_cases(archive, accounts["Rik"], acts.ListCasesRequest())
    closed = acts.close_case(archive, accounts["Eddy"], acts.CloseCaseRequest(asked.case))
    answers: list[tuple[str, Any]] = [
        ("search", asked),
        ("case compare", compared),
        ("case show", shown),
        ("case list", listed),
        ("case close", closed),
        ("case review", acts.ReviewAnswer(asked.case, 0, 2)),
    ]
    for name, answer in answers:
        jsonschema.validate(json.loads(json.dumps(as_json(answer))), schema_of(ACTS[name].answer, name))
    the_answer("staff list", archive, acts.ListStaffRequest())
    made = acts.make_token(archive, accounts["Rik"], acts.MakeTokenRequest(("read",), archive.journal.now().date()))
    ended = acts.end_token(archive, accounts["Rik"], acts.EndTokenRequest(made.id))
    for name, answer in [
        ("staff token", made),
        ("staff token end", ended),
    ]:
        jsonschema.validate(json.loads(json.dumps(as_json(answer))), schema_of(ACTS[name].answer, name))
    the_answer("staff tokens", archive, acts.ListTokensRequest())
    the_answer("staff end", archive, acts.EndStaffRequest(accounts["Rik"].name))


def test_so_is_that_of_somebody_who_is_here(party: Party) -> None:
    party.photo("guest.jpg", 9)
    (party.photos / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    party.photo("../guest.png", 9)
    found = the_answer("find present", party.archive, acts.FindPresentRequest(party.folder / "guest.png", "party"))
    assert [row.path.name for row in found.appearances] == ["guest.jpg"] and len(found.unreadable) == 1


def test_so_are_those_about_packs_of_the_users_own(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", cache=tmp_path / "cache")
    own = build_tiny_pack(tmp_path / "own", seed=5)
    assert the_answer("pack manifest", settings, acts.FillManifestRequest(own)).written is False
    assert the_answer("pack manifest", settings, acts.FillManifestRequest(own, write=True)).written is True
    added = the_answer("pack add", settings, acts.AddPackRequest(own))
    assert added.digest in [row.digest for row in the_answer("pack list", settings, acts.ListPacksRequest()).packs]


def test_so_are_those_of_sealing_an_older_archive(tmp_path: Path, tiny_pack_folder: Path) -> None:
    club = new_club(tmp_path, tiny_pack_folder)
    club.enrol("Ada", "find")
    club.photo("ada.jpg", "Ada")
    club.collect()
    club.sweep()
    unseal(club)
    for confirmed in (False, True):
        answer = the_answer("seal", club.settings, acts.SealRequest(confirmed))
        assert answer.consents and answer.collections


@pytest.mark.parametrize("told_apart", [False, True], ids=["plain", "with groups, pairs and a threshold adopted"])
def test_so_is_that_of_measuring(tmp_path: Path, tiny_pack_folder: Path, told_apart: bool) -> None:
    """Groups large enough to be shown and one that is not, look-alikes, rates with and without anything to measure."""
    settings = Settings(home=tmp_path / "home", cache=tmp_path / "cache", pack=str(tiny_pack_folder))
    people = draw_volunteers(tmp_path / "choir", 24 if told_apart else 10, 4, spread=0.7 if told_apart else 0.1)
    if told_apart:
        acts.init(settings, OFFICER, acts.InitRequest("The Choir", "us"))
        rows = "".join(f"person-{n:03d},{'alto' if n < 11 else 'bass'}\n" for n in range(23))
        (people / "groups.csv").write_text(f"person,group\n{rows}")
        (people / "pairs.csv").write_text("person,person\nperson-000,person-001\n")
    adopt = 0.25 if told_apart else None
    request = acts.EvaluateRequest(people, "A. Jansen: all signed", tmp_path / "report", splits=4, adopt=adopt)
    told = as_json(the_answer("evaluate", settings, request))
    assert json.loads((tmp_path / "report" / "report.json").read_text("utf-8")) == {**told, "report": "report.html"}
    assert (told["adopted"] is not None) == (told["look_alikes"] is not None) == bool(told["groups"]) == told_apart
    schema = held_to(acts.EvaluateAnswer, "evaluate")
    rate = told["operating_points"][0]["fnir"]
    for wrong in (
        {**told, "more": 1},
        {**told, "eer": "0.1"},
        {**told, "data": {**told["data"], "used": None}},
        {**told, "operating_points": [{**told["operating_points"][0], "fnir": {**rate, "searches": None}}]},
    ):
        with pytest.raises(jsonschema.ValidationError):
            schema.validate(wrong)


@pytest.mark.slow
def test_so_is_that_of_fetching_packs(tmp_path: Path, default_pack_folder: Path) -> None:
    """What lies in the cache already, and so needs no network."""
    settings = Settings(home=tmp_path / "home", cache=default_pack_folder.parent.parent)
    the_answer("pack fetch", settings, acts.FetchPacksRequest("default"))


def test_the_tests_above_hold_the_answer_of_every_act_to_its_schema() -> None:
    told = set(re.findall(r'(?:the_answer|^ *)\("([a-z ]+)", ', Path(__file__).read_text("utf-8"), re.MULTILINE))
    assert told == set(ACTS)


def test_an_act_refuses_with_a_sentence_and_only_that_it_was_tried_is_recorded(party: Party) -> None:
    size = party.archive.ledger.size
    with pytest.raises(NotFound) as refused:
        acts.renew(party.archive, OFFICER, acts.RenewRequest("s-00000000"))
    assert refused.value.what.endswith(".") and refused.value.do.endswith(".")
    assert [act.event for act in party.archive.journal.acts()][size:] in ([], ["refused"])


class Stopping:
    """Says stop after so many reports."""

    def __init__(self, after: int) -> None:
        self.left, self.told = after, list[tuple[str, int, int]]()

    def report(self, step: str, done: int, total: int, seconds: float) -> None:
        self.told.append((step, done, total))
        self.left -= 1

    def cancelled(self) -> bool:
        return self.left <= 0


def test_a_cancelled_sweep_keeps_what_it_wrote_and_the_next_goes_on(party: Party) -> None:
    for n in range(70):
        party.photo(f"more {n:02}.jpg", 1, size=(320, 320))
    first = acts.sweep(party.archive, OFFICER, acts.SweepRequest("party", 1), Stopping(2))
    assert 0 < first.looked < 70
    rest = acts.sweep(party.archive, OFFICER, acts.SweepRequest("party", 1))
    assert first.looked + rest.looked == 70 and rest.appearances == 72


def test_a_cancelled_publication_keeps_what_it_made_and_the_next_goes_on(party: Party, tmp_path: Path) -> None:
    request = acts.PublishRequest("party", tmp_path / "out", "web", workers=1)
    assert acts.publish(party.archive, OFFICER, request, Stopping(1)).written == 0
    assert acts.publish(party.archive, OFFICER, request).written == 2


@pytest.mark.parametrize(
    "act",
    [
        lambda p, stop: acts.export(
            p.archive, OFFICER, acts.ExportRequest(p.people["Ada"].subject, p.folder / "ada.zip"), stop
        ),
        lambda p, stop: acts.check(p.archive, OFFICER, acts.CheckRequest(), stop),
    ],
    ids=["export", "check"],
)
def test_other_long_acts_stop_too_and_leave_no_half_file(
    party: Party, act: Callable[[Party, Stopping], object]
) -> None:
    with pytest.raises(Cancelled):
        act(party, Stopping(1))
    assert not (party.folder / "ada.zip").exists()
    assert not [f for f in party.folder.iterdir() if f.name.startswith(".kenbaar")]


def test_so_are_those_of_requests_and_of_who_is_covered(party: Party, tmp_path: Path) -> None:
    archive, ada = party.archive, party.people["Ada"].subject
    acts.sweep(archive, OFFICER, acts.SweepRequest("party", 1))
    acts.publish(archive, OFFICER, acts.PublishRequest("party", tmp_path / "out", "web"))
    copy = archive.publisher.copies.all()[0]
    themselves = subject_actor(ada)
    made = the_answer("request add", archive, acts.AddRequestRequest("access", ada, words="All."), themselves)
    assert the_answer("request own", archive, acts.OwnRequestsRequest(ada), themselves).requests == (made,)
    assert the_answer("request list", archive, acts.ListRequestsRequest()).requests == (made,)
    assert the_answer("request show", archive, acts.ShowRequestRequest(made.request)) == made
    assert the_answer("request extend", archive, acts.ExtendRequestRequest(made.request, "Much.")).state == "extended"
    assert the_answer("request answer", archive, acts.AnswerRequestRequest(made.request, "Sent.")).days_left is None
    matched = the_answer("copies match", archive, acts.MatchCopyRequest(Path(copy.path).read_bytes()))
    asked = the_answer("cover ask", archive, acts.AskToBeCoveredRequest(matched.copy, 0.5, 0.5))
    covered = the_answer("cover", archive, acts.CoverRequest(asked.request))
    assert covered.item == copy.item and Path(copy.path) in covered.copies
