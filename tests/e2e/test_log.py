"""The log helps whoever looks after Kenbaar, and says nothing of anybody: no names, no paths, no vectors."""

from __future__ import annotations

import pytest

from tests.e2e.club import Club


@pytest.fixture
def told(party: Club, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the log says of a whole story, at its most talkative."""
    monkeypatch.setenv("KENBAAR_LOG", "debug")
    party.photo("Ada and Bob on Sunday.jpg", "Ada", "Bob")
    (party.photos / "Bob's broken one.jpg").write_bytes(b"no photo")
    said = [party.kenbaar.answer(*words).words for words in (
        ("sweep", "party"),
        ("find", party.ids["Ada"]),
        ("publish", "party", party.out, "--channel", "web"),
        ("withdraw", party.ids["Ada"]),
        ("publish", "party", party.out, "--channel", "web"),
    )]  # fmt: skip
    return "\n".join(line for text in said for line in text.splitlines() if " kenbaar." in line)


def test_a_sweep_and_a_publication_are_told_and_each_item_by_its_id(party: Club, told: str) -> None:
    assert "INFO kenbaar.sweep" in told and "INFO kenbaar.publish" in told
    items = [item["item"] for item in party.items().values()]
    assert any(f"DEBUG kenbaar.sweep._run: item {item}:" in told for item in items)


def test_it_names_nobody_and_no_file(party: Club, told: str) -> None:
    for word in ("Ada", "Bob", "Cas", "Sunday", ".jpg", str(party.folder), "party", *party.ids.values(), "array("):
        assert word not in told, word


def test_without_being_asked_for_it_says_nothing(party: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KENBAAR_LOG", raising=False)
    assert " kenbaar." not in party.kenbaar.answer("sweep", "party", "--workers", 1).words


def test_a_word_that_is_no_level_is_no_log(party: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KENBAAR_LOG", "everything")
    assert " kenbaar." not in party.kenbaar.answer("sweep", "party", "--workers", 1).words
