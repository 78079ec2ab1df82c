"""Somebody enrols after a sweep: the next one embeds the faces it knows, and finds what a fresh sweep would find."""

from __future__ import annotations

from kenbaar.faces import Box
from tests.e2e.club import Club


def appearances(club: Club, collection: str) -> dict[str, list[tuple[str, int, str]]]:
    """path -> (subject, face, band) of everybody found in it."""
    with club.open() as archive:
        store = archive.collections.store
        return {
            item.path: [(a.subject, a.n, a.band) for a in store.appearances_in(item.id)]
            for item in store.items(collection)
        }


def landmarks_of(club: Club, path: str) -> list[bytes | None]:
    with club.open() as archive:
        store = archive.collections.store
        item = store.items_by_path("party", [path])[path]
        return [points for _, points in store.faces_with_landmarks(item.id)]


def test_a_sweep_after_one_more_enrolment_finds_what_a_fresh_sweep_finds(club: Club) -> None:
    for n in range(6):
        club.photo(f"{n}.jpg", *[("Ada", "Dov"), ("Bob",), ("Stranger", "Dov"), ("Cas", "Eva"), (), ("Dov",)][n])
    club.collect()
    club.sweep()
    assert all(landmarks_of(club, "0.jpg"))
    club.enrol("Dov", "find")
    assert club.sweep()["looked"] == 5  # all but the one without faces
    club.kenbaar("collection", "add", "fresh", club.photos, "--mode", "transient", "--reason", "a test")
    club.sweep(name="fresh")
    assert appearances(club, "party") == appearances(club, "fresh")
    assert club.found("Dov")[:3] == ["0.jpg", "2.jpg", "5.jpg"]


def test_an_item_with_a_face_drawn_by_hand_or_found_by_an_older_version_is_looked_at_whole(club: Club) -> None:
    club.photo("0.jpg", "Ada", "Dov")
    club.collect()
    club.sweep()
    with club.open() as archive:
        store = archive.collections.store
        item = store.items_by_path("party", ["0.jpg"])["0.jpg"]
        store.add_face(item.id, Box(0, 0, 20, 20))
    assert None in landmarks_of(club, "0.jpg")
    club.enrol("Dov", "find")
    club.sweep()
    assert club.found("Dov") == ["0.jpg"]
    assert len(landmarks_of(club, "0.jpg")) == 2 and all(landmarks_of(club, "0.jpg")), "nobody was on the drawn one"


def test_a_collection_swept_without_comparing_keeps_no_landmarks(club: Club) -> None:
    club.photo("0.jpg", "Ada", "Dov")
    club.collect("off")
    club.sweep()
    assert landmarks_of(club, "0.jpg") == [None, None]
