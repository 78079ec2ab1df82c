"""Somebody enrols after a sweep: the next one embeds the faces it knows, and finds what a fresh sweep would find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from kenbaar.consent import Sessions
from kenbaar.engines import InProcessEngine
from kenbaar.faces import Box
from tests.actors import OFFICER
from tests.e2e.club import FACES, Club
from tests.modelpack.tiny_pack import blank_photo, draw_face


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
        return [track.key.landmarks for track in store.tracks(item.id)]


def test_a_sweep_after_one_more_enrolment_finds_what_a_fresh_sweep_finds(club: Club) -> None:
    for n in range(6):
        club.photo(f"{n}.jpg", *[("Ada", "Dov"), ("Bob",), ("Stranger", "Dov"), ("Cas", "Eva"), (), ("Dov",)][n])
    club.collect()
    club.sweep()
    ada, dov = landmarks_of(club, "0.jpg")
    assert ada is not None and dov is None, "of who did not agree, no landmarks are kept"
    assert landmarks_of(club, "2.jpg") == [None, None]
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
        store.add_track_by_hand(item.id, Box(0, 0, 20, 20))
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


def test_growing_one_by_one_with_faces_between_two_people_ends_as_a_fresh_sweep_does(club: Club) -> None:
    """Faces that look like two people are where one more in the gallery changes what is decided of the others."""
    rng = np.random.default_rng(5)
    identities = [FACES[name] for name in ("Ada", "Bob", "Dov", "Eva", "Stranger")]
    for n in range(14):
        pixels = blank_photo(720, 320, n)
        for place in range(3):
            who, other = rng.choice(identities, 2, replace=False)
            share = float(rng.choice([0.0, 0.25, 0.4, 0.5]))
            draw_face(pixels, 40 + 220 * place, 96, int(who), 96, mixed_with=int(other), share=share)
        club.photos.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(club.photos / f"{n}.png")
    club.collect()
    club.sweep()
    for name in ("Dov", "Eva"):
        club.enrol(name, "find")
        assert club.sweep()["looked"] == 14
    club.kenbaar("collection", "add", "fresh", club.photos, "--mode", "transient", "--reason", "a test")
    club.sweep(name="fresh")
    assert appearances(club, "party") == appearances(club, "fresh")
    assert {who for seen in appearances(club, "party").values() for who, _, _ in seen} >= {
        club.ids[name] for name in ("Ada", "Bob", "Dov", "Eva")
    }


def test_a_stricter_operating_point_reaches_what_was_found_before(club: Club) -> None:
    club.photo("0.jpg", "Ada", "Bob")
    club.photo("1.jpg")
    club.collect()
    club.sweep()
    with club.open() as archive:
        pack = archive.packs.in_use()
        impossible = replace(pack, threshold=replace(pack.threshold, accept=0.99999, strong=0.99999))
        report = archive.sweeps.sweep(
            OFFICER,
            "party",
            impossible,
            sessions=Sessions(),
            engine=InProcessEngine(),
            limits=archive.limits,
            say=lambda _: None,
        )
    assert (report.analysed, report.appearances) == (1, 0), "the photo without faces is not looked at"


def test_landmarks_go_with_whoever_they_were_of(party: Club) -> None:
    """Ten numbers of a pack's choice about each stranger could be a template: they are kept of matched faces alone."""
    assert [p is not None for p in landmarks_of(party, "both.jpg")] == [True, True]
    assert [p is not None for p in landmarks_of(party, "cas.jpg")] == [True, False]
    party.kenbaar("reject", party.ids["Ada"], party.items()["both.jpg"]["item"])
    assert [p is not None for p in landmarks_of(party, "both.jpg")] == [False, True]
    party.kenbaar("withdraw", party.ids["Bob"])
    assert landmarks_of(party, "both.jpg") == [None, None]
