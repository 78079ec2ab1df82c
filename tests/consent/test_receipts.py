"""Purposes, the notice, and the signed receipts that people take home."""

from __future__ import annotations

import base64
import copy
import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jsonschema
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from kenbaar.consent._notice import NOTICES, notice_digest, notice_text
from kenbaar.consent._purpose import ENGLISH, Purpose
from kenbaar.consent._receipt import (
    ConsentFacts,
    DestructionFacts,
    ReceiptKind,
    describe_receipt,
    make_consent_receipt,
    make_destruction_receipt,
    receipt_schema,
    verify_receipt,
)
from kenbaar.consent._signed import sign_jws, sign_manifest, verify_manifest
from kenbaar.errors import ReceiptBroken, UsageError
from kenbaar.keys import SigningKey
from kenbaar.ledger._lines import Leaf
from kenbaar.policy import PURPOSES as POLICY_PURPOSES

NOON = datetime(2026, 11, 21, 12, 30, 5, tzinfo=UTC)
END = datetime(2027, 6, 1, tzinfo=UTC)
KEY = SigningKey(b"\x01" * 32)
OTHER = SigningKey(b"\x02" * 32)
OURS = {KEY.kid: KEY.public_jwk()}
PURPOSES = [Purpose("find"), Purpose("show", "web"), Purpose("name")]
NOTICE = notice_text("De Harmonie", PURPOSES, "subject", END, guardian=False)
FACTS = ConsentFacts(
    organisation="De Harmonie",
    jurisdiction="eu",
    subject="s-abcd2345",
    purposes=PURPOSES,
    notice=NOTICE,
    holder="subject",
    given_at=NOON,
    until=END,
    guardian=False,
    template=True,
)
DESTROYED = DestructionFacts(
    organisation="De Harmonie",
    subject="s-abcd2345",
    key_ids=["k-2", "k-1"],
    purposes=PURPOSES,
    destroyed_at=NOON,
    ledger_index=41,
    checkpoint="example.org/photos\n42\n...\n",
)
TYPES: dict[ReceiptKind, str] = {
    "consent": "kenbaar-consent-receipt+jws",
    "destruction": "kenbaar-destruction-receipt+jws",
}


def receipt(kind: ReceiptKind) -> str:
    return make_consent_receipt(FACTS, KEY) if kind == "consent" else make_destruction_receipt(DESTROYED, KEY)


def unpack(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def pack(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


# -- purposes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["find", "show", "show:web", "show:a", "show:year-book-2026", "name", "ask"])
def test_a_purpose_is_written_as_it_was_read(text: str) -> None:
    assert str(Purpose.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "Find", "find ", "find:web", "name:x", "show:", "show:Web", "show:a b", "show:-a", "show:a-", "show:../x",
     "show:" + "x" * 33, "show:web:print", "everything", "find,show", "show:web\n"],
)  # fmt: skip
def test_what_nobody_can_agree_to_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Purpose.parse(text)


def test_show_without_a_channel_is_every_channel_and_with_one_that_one_alone() -> None:
    assert Purpose("show").allows_show_on("web") and Purpose("show", "web").allows_show_on("web")
    assert not Purpose("show", "web").allows_show_on("print")
    assert not any(p.allows_show_on("web") for p in (Purpose("find"), Purpose("name"), Purpose("ask")))


@given(st.from_regex(r"show:[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True))
def test_every_purpose_can_stand_in_the_ledger(text: str) -> None:
    purpose = str(Purpose.parse(text))
    assert Leaf("show", purpose, NOON, "0" * 64, "0" * 64).purpose == text


# -- the notice --------------------------------------------------------------------------------------------------------


def test_the_notice_is_the_same_bytes_for_the_same_offer_in_any_order() -> None:
    again = notice_text("De Harmonie", PURPOSES[::-1], "subject", END, guardian=False)
    assert again == NOTICE and notice_digest(again) == notice_digest(NOTICE)
    assert notice_digest(NOTICE).startswith("sha256:") and notice_digest(NOTICE + " ") != notice_digest(NOTICE)


def test_the_notice_says_all_that_a_person_must_know() -> None:
    for words in (
        "De Harmonie", "Two steps", "biometric", "Who holds the key", "You.", "Up to and including 2027-05-31",
        "without giving a reason", "You may refuse", "by hand", "collected on the web", "show:web", "complain",
    ):  # fmt: skip
        assert words in NOTICE


def test_the_notice_names_the_last_day_whether_given_a_day_or_a_moment() -> None:
    assert notice_text("A", PURPOSES, "subject", date(2027, 5, 31), guardian=False) == notice_text(
        "A", PURPOSES, "subject", END, guardian=False
    )


def test_the_notice_speaks_of_comparing_faces_only_where_faces_are_compared() -> None:
    assert "Two steps" not in notice_text("A", [Purpose("name")], "organisation", END, guardian=False)
    assert "Two steps" in notice_text("A", [Purpose("show")], "organisation", END, guardian=False)


def test_the_notice_says_who_holds_the_key_and_speaks_to_a_guardian_where_there_is_one() -> None:
    text = notice_text("{day} Ltd", PURPOSES, "organisation", END, guardian=True)
    assert "recovery code" not in text and "guardian" in text and "{day} Ltd" in text
    assert "guardian" not in NOTICE


# -- receipts that hold ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES)
def test_a_receipt_verifies_offline_and_is_trusted_only_by_a_key_we_list(kind: ReceiptKind) -> None:
    text = receipt(kind)
    assert verify_receipt(text, OURS).trusted and verify_receipt(f"\n{text}\r\n", OURS).trusted
    for keys in (None, {}, {OTHER.kid: OTHER.public_jwk()}):
        assert not verify_receipt(text, keys).trusted
    assert verify_receipt(text).kind == kind and verify_receipt(text).kid == KEY.kid


@pytest.mark.parametrize("kind", TYPES)
def test_a_receipt_is_the_jws_the_rfcs_describe(kind: ReceiptKind) -> None:
    """Checked with the standard library and `cryptography` alone, as somebody else's verifier would."""
    header, payload, signature = receipt(kind).split(".")
    stated = json.loads(unpack(header))
    public = Ed25519PublicKey.from_public_bytes(unpack(stated["jwk"]["x"]))
    public.verify(unpack(signature), f"{header}.{payload}".encode())
    assert (stated["alg"], stated["typ"], stated["kid"]) == ("Ed25519", TYPES[kind], KEY.kid)
    assert "d" not in stated["jwk"]
    assert rfc8785.dumps(json.loads(unpack(payload))) == unpack(payload)


def test_signing_warns_of_nothing_deprecated() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verify_receipt(make_consent_receipt(FACTS, KEY))


@pytest.mark.parametrize("kind", TYPES)
def test_a_receipt_follows_its_schema(kind: ReceiptKind) -> None:
    schema = receipt_schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(verify_receipt(receipt(kind)).payload, schema, jsonschema.Draft202012Validator)


def test_a_consent_receipt_has_one_record_for_each_purpose_and_an_end() -> None:
    records = verify_receipt(make_consent_receipt(FACTS, KEY)).payload["dpv:hasRecordOfActivity"]
    assert [r["dpv:hasPurpose"]["kb:purpose"] for r in records] == ["find", "name", "show:web"]
    assert {r["dpv:hasConsentStatus"]["dct:valid"]["kb:until"] for r in records} == {"2027-06-01T00:00:00Z"}
    assert {r["dpv:hasNotice"]["kb:digest"] for r in records} == {notice_digest(NOTICE)}


def test_only_purposes_that_compare_faces_state_a_face_print() -> None:
    def prints(facts: ConsentFacts) -> dict[str, bool]:
        records = verify_receipt(make_consent_receipt(facts, KEY)).payload["dpv:hasRecordOfActivity"]
        return {
            r["dpv:hasPurpose"]["kb:purpose"]: "pd:FacialPrint" in r["dpv:hasPersonalData"]
            and "eu-gdpr:A9-2-a" in r["dpv:hasLegalBasis"]
            for r in records
        }

    assert prints(FACTS) == {"find": True, "show:web": True, "name": False}
    assert not any(prints(replace(FACTS, template=False)).values())


@pytest.mark.parametrize("jurisdiction", ["eu", "eea", "uk", "ch", "us", "us-il", "us-tx", "us-wa", "other"])
def test_a_receipt_cites_the_gdpr_only_where_it_is_law(jurisdiction: str) -> None:
    text = make_consent_receipt(replace(FACTS, jurisdiction=jurisdiction), KEY)
    said = verify_receipt(text).payload
    jsonschema.validate(said, receipt_schema("consent"))
    assert ("eu-gdpr:A" in json.dumps(said)) == (jurisdiction in ("eu", "eea"))


@pytest.mark.parametrize(
    ("jurisdiction", "consent", "template", "right"),
    [
        ("eu", "eu-gdpr:A6-1-a", "eu-gdpr:A9-2-a", "eu-gdpr:A7-3"),
        ("eea", "eu-gdpr:A6-1-a", "eu-gdpr:A9-2-a", "eu-gdpr:A7-3"),
        ("uk", "uk-gdpr:A6-1-a", "uk-gdpr:A9-2-a", "uk-gdpr:A7-3"),
        ("ch", "ch-fadp:A6-6", "ch-fadp:A6-7-a", "ch-fadp:A25"),
        ("us", None, None, "kb:Withdraw"),
        ("us-il", None, "us-il:15-b", "kb:Withdraw"),
        ("us-tx", None, "us-tx:b", "kb:Withdraw"),
        ("us-wa", None, "us-wa:020", "kb:Withdraw"),
        ("other", None, None, "kb:Withdraw"),
    ],
)
def test_a_receipt_names_the_law_it_rests_on_and_the_article_about_faces_where_one_is_compared(
    jurisdiction: str, consent: str | None, template: str | None, right: str
) -> None:
    text = make_consent_receipt(replace(FACTS, jurisdiction=jurisdiction), KEY)
    said = verify_receipt(text).payload
    for record in said["dpv:hasRecordOfActivity"]:
        compared = record["dpv:hasPurpose"]["kb:purpose"] != "name"
        basis = ["dpv:ExplicitlyExpressedConsent", consent, template if compared else None]
        assert record["dpv:hasLegalBasis"] == [article for article in basis if article]
        assert right in record["dpv:hasRight"]
        for article in (*record["dpv:hasLegalBasis"], *record["dpv:hasRight"]):
            assert article.split(":")[0] in said["@context"]
    assert record["kb:law"] in describe_receipt(verify_receipt(text))


def test_a_receipt_is_for_no_jurisdiction_that_is_not_known() -> None:
    with pytest.raises(UsageError, match="eea"):
        make_consent_receipt(replace(FACTS, jurisdiction="atlantis"), KEY)


def test_a_guardian_stands_in_a_receipt_as_yes_and_nothing_more() -> None:
    said = verify_receipt(make_consent_receipt(replace(FACTS, guardian=True), KEY)).payload
    assert {r["kb:guardian"] for r in said["dpv:hasRecordOfActivity"]} == {"yes"}


def test_a_destruction_receipt_says_key_destroyed_and_where_the_ledger_says_so() -> None:
    said = verify_receipt(make_destruction_receipt(DESTROYED, KEY)).payload
    assert said["kb:keysDestroyed"] == ["k-1", "k-2"] and said["kb:ledgerEntry"] == 41
    assert said["kb:ledgerCheckpoint"] == DESTROYED.checkpoint
    assert said["kb:statement"].startswith("Key destroyed.") and "anonym" not in json.dumps(said).lower()
    dated = make_destruction_receipt(replace(DESTROYED, rotated_by=date(2026, 12, 21)), KEY)
    assert verify_receipt(dated).payload["kb:keyBackupsEnd"] == "2026-12-21"


@pytest.mark.parametrize("kind", TYPES)
def test_a_receipt_in_plain_words_names_what_counts_and_says_whose_it_is(kind: ReceiptKind) -> None:
    ours, unknown = (describe_receipt(verify_receipt(receipt(kind), keys)) for keys in (OURS, None))
    assert "s-abcd2345" in ours and "De Harmonie" in ours and "this archive's" in ours
    assert "cannot tell" in unknown and "this archive's" not in unknown
    assert ("2027-05-31" in ours) if kind == "consent" else ("k-1, k-2" in ours)


# -- receipts that are refused -----------------------------------------------------------------------------------------


def test_a_consent_without_purpose_or_end_gets_no_receipt() -> None:
    for facts in (replace(FACTS, purposes=[]), replace(FACTS, until=NOON), replace(FACTS, until=NOON - timedelta(1))):
        with pytest.raises(UsageError):
            make_consent_receipt(facts, KEY)
    with pytest.raises(UsageError):
        make_destruction_receipt(replace(DESTROYED, key_ids=[]), KEY)


@pytest.mark.parametrize("kind", TYPES)
@given(data=st.data())
def test_any_changed_character_of_a_receipt_is_refused(kind: ReceiptKind, data: st.DataObject) -> None:
    text = receipt(kind)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda c: c != text[at]))
    with pytest.raises(ReceiptBroken):
        verify_receipt(text[:at] + other + text[at + 1 :], OURS)


@given(st.text(max_size=300))
def test_any_text_that_is_no_receipt_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ReceiptBroken) as refusal:
        verify_receipt(text)
    assert refusal.value.what and refusal.value.do


@pytest.mark.parametrize("text", ["", " \n", "x" * 2_000_000, "{}", "..", "a.b.c", "é.é.é", "null.null.null", "\udc80"])
def test_empty_huge_and_foreign_files_are_refused(text: str) -> None:
    with pytest.raises(ReceiptBroken):
        verify_receipt(text, OURS)


def forged(header: dict[str, Any], signature: bytes | None = None) -> str:
    """A consent receipt with this header, signed by our own key unless a signature is given."""
    payload = receipt("consent").split(".")[1]
    start = f"{pack(json.dumps(header).encode())}.{payload}"
    own = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32).sign(start.encode())
    return f"{start}.{pack(own if signature is None else signature)}"


HEADER = json.loads(unpack(receipt("consent").split(".")[0]))
SECRET_LIKE = {"kty": "oct", "k": HEADER["jwk"]["x"]}


def test_a_forged_receipt_with_the_true_header_would_pass_so_the_refusals_below_are_about_the_header() -> None:
    assert verify_receipt(forged(HEADER), OURS).trusted


@pytest.mark.parametrize(
    "header",
    [
        {**HEADER, "alg": "none"},
        {**HEADER, "alg": "HS256"},
        {**HEADER, "alg": "HS256", "jwk": SECRET_LIKE},
        {**HEADER, "alg": "EdDSA"},
        {**HEADER, "alg": "ed25519"},
        {**HEADER, "alg": None},
        {**HEADER, "typ": "JWT"},
        {**HEADER, "typ": TYPES["destruction"]},  # a consent's payload under another kind
        {**HEADER, "typ": "kenbaar-manifest+jws"},
        {**HEADER, "kid": OTHER.kid},
        {**HEADER, "jwk": {k: v for k, v in OTHER.public_jwk().items() if k != "kid"}},
        {**HEADER, "jwk": {**HEADER["jwk"], "d": "AAAA"}},
        {**HEADER, "jwk": {**HEADER["jwk"], "x": "AAAA"}},
        {**HEADER, "jwk": {**HEADER["jwk"], "crv": "Ed448"}},
        {**HEADER, "jwk": "none"},
        {**HEADER, "crit": ["b64"], "b64": False},
        {k: v for k, v in HEADER.items() if k != "jwk"},
        {k: v for k, v in HEADER.items() if k != "alg"},
        {},
    ],
)
def test_algorithm_and_key_confusion_is_refused(header: dict[str, Any]) -> None:
    for signature in (None, b""):
        with pytest.raises(ReceiptBroken):
            verify_receipt(forged(header, signature), OURS)


def test_a_receipt_that_somebody_else_signed_for_our_key_is_refused() -> None:
    signature = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32).sign(receipt("consent").rpartition(".")[0].encode())
    with pytest.raises(ReceiptBroken):
        verify_receipt(forged(HEADER, signature), OURS)


def paths(schema: dict[str, Any], at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every mandatory member, as the schema has it."""
    for name in schema.get("required", []):
        yield (*at, name)
        yield from paths(schema["properties"][name], (*at, name))
    if "items" in schema:
        yield from paths(schema["items"], (*at, 0))


@pytest.mark.parametrize("kind", TYPES)
def test_a_receipt_that_lacks_any_mandatory_member_is_refused_by_us_and_by_the_schema(kind: ReceiptKind) -> None:
    whole = verify_receipt(receipt(kind)).payload
    dropped = list(paths(receipt_schema(kind)))
    assert len(dropped) > (35 if kind == "consent" else 12)
    for *path, name in dropped:
        payload: Any = copy.deepcopy(dict(whole))
        inner = payload
        for step in path:
            inner = inner[step]
        del inner[name]
        assert not jsonschema.Draft202012Validator(receipt_schema(kind)).is_valid(payload), (path, name)
        with pytest.raises(ReceiptBroken):
            verify_receipt(sign_jws(payload, TYPES[kind], KEY), OURS)


def test_a_signed_payload_of_another_shape_is_refused() -> None:
    whole = dict(verify_receipt(receipt("consent")).payload)
    changes: list[dict[str, Any]] = [
        {"dpv:hasRecordOfActivity": []},
        {"dpv:hasRecordOfActivity": "all"},
        {"dct:publisher": "us"},
        {"@type": "kb:DestructionReceipt"},
        {"dct:created": 7},
        {"dct:identifier": ""},
    ]
    for change in changes:
        with pytest.raises(ReceiptBroken):
            verify_receipt(sign_jws({**whole, **change}, TYPES["consent"], KEY))


def test_a_payload_that_is_not_canonical_is_refused_though_rightly_signed() -> None:
    header, payload, _ = receipt("consent").split(".")
    spaced = pack(json.dumps(json.loads(unpack(payload))).encode())
    own = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32).sign(f"{header}.{spaced}".encode())
    with pytest.raises(ReceiptBroken):
        verify_receipt(f"{header}.{spaced}.{pack(own)}")


# -- manifests ---------------------------------------------------------------------------------------------------------

MANIFEST = {"copies": [{"source": "sha256:aa", "copy": "sha256:bb"}], "channel": "web", "made": "2026-11-21T12:30:05Z"}


def test_a_signed_manifest_gives_back_what_was_signed() -> None:
    signed = sign_manifest(MANIFEST, KEY)
    assert {k: v for k, v in signed.items() if k != "signature"} == MANIFEST
    read = verify_manifest(json.loads(json.dumps(signed, indent=4)), OURS)  # however it was laid out
    assert read.payload == MANIFEST and read.trusted and not verify_manifest(signed).trusted


def test_a_large_manifest_is_signed_like_a_small_one() -> None:
    many = {"copies": [{"source": f"sha256:{n:064x}", "copy": f"sha256:{n + 1:064x}"} for n in range(20_000)]}
    assert verify_manifest(sign_manifest(many, KEY), OURS).trusted


@pytest.mark.parametrize(
    "change",
    [
        {"channel": "print"},
        {"copies": []},
        {"added": 1},
        {"signature": ""},
        {"signature": 7},
        {"signature": "a.b.c"},
        {"signature": ".."},
        {"signature": receipt("consent")},
        {"channel": float("inf")},
    ],
)
def test_a_changed_manifest_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ReceiptBroken):
        verify_manifest({**sign_manifest(MANIFEST, KEY), **change}, OURS)


def test_an_unsigned_manifest_and_a_receipt_passed_as_one_are_refused() -> None:
    with pytest.raises(ReceiptBroken):
        verify_manifest(MANIFEST)
    header, payload, signature = receipt("consent").split(".")
    with pytest.raises(ReceiptBroken):
        verify_manifest({**json.loads(unpack(payload)), "signature": f"{header}..{signature}"}, OURS)
    with pytest.raises(UsageError):
        sign_manifest(sign_manifest(MANIFEST, KEY), KEY)


def test_a_dutch_notice_is_a_text_of_its_own_and_the_receipt_says_that_it_was_read() -> None:
    dutch = notice_text("De Harmonie", PURPOSES, "subject", END, guardian=False, language="nl")
    assert "Wat er gebeurt" in dutch and "What is done" not in dutch
    assert dutch.count("\n\n") == NOTICE.count("\n\n")  # paragraph for paragraph
    told = verify_receipt(make_consent_receipt(replace(FACTS, notice=dutch, language="nl"), KEY), OURS).payload
    for record in told["dpv:hasRecordOfActivity"]:
        assert record["dpv:hasNotice"] == {
            "@type": "dpv:ConsentNotice",
            "dct:language": "nl",
            "kb:digest": notice_digest(dutch),
        }


def test_there_is_no_notice_in_a_language_that_nobody_wrote_one_in() -> None:
    with pytest.raises(UsageError, match="no notice"):
        notice_text("De Harmonie", PURPOSES, "subject", END, guardian=False, language="fr")


@pytest.mark.parametrize("language", [name for name in NOTICES if name != ENGLISH])
def test_every_purpose_can_be_agreed_to_in_every_language_of_the_notice(language: str) -> None:
    for row in POLICY_PURPOSES.values():
        words = row.translated[language]
        assert bool(words.channel_sentence) == bool(row.channel_sentence)
        assert "{channel}" in (words.channel_sentence or "{channel}")
