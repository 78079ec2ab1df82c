"""Contact sheets: what they show, what they never show, and that they can be handed to anybody's browser."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import itertools
import re
import resource
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kenbaar.errors import NoSpace, Unusable
from kenbaar.faces import Box
from kenbaar.media import digest_file
from kenbaar.publish import MASK_COLOUR, mask_box
from kenbaar.rights import Picture, write_collection_sheet, write_contact_sheet
from kenbaar.rights._covered import open_covered, thumbnail
from tests.actors import OFFICER
from tests.modelpack.tiny_pack import blank_photo, draw_face
from tests.rights.party import Party, a_party, save

HOSTILE = """<script>alert(1)<img onerror=x>'"&amp;\n.jpg"""


@pytest.fixture(scope="module")
def party(tmp_path_factory: pytest.TempPathFactory, tiny_pack_folder: Path) -> Iterator[Party]:
    """Ada (1) and Bob (2) enrolled, a stranger (9); one photo vanished, one changed, one was never a photo."""
    with a_party(tmp_path_factory.mktemp("sheets"), tiny_pack_folder) as p:
        p.enrol("Ada", 1), p.enrol("Bob", 2)
        exif = Image.Exif()
        exif[0x8769] = {0x9003: "2025:06:14 15:20:00"}
        p.photo("all.jpg", 1, 2, 9, exif=exif)
        p.photo("bob alone.jpg", 2)
        p.photo(HOSTILE, 1, 9)
        p.photo("nobody.jpg")
        p.photo("changes.jpg", 1, 2)
        p.photo("vanishes.jpg", 1, 2)
        (p.photos / "broken.jpg").write_bytes(b"\xff\xd8 not a photo")
        p.add()
        p.sweep()
        p.photo("changes.jpg", 2, 9)
        (p.photos / "vanishes.jpg").unlink()
        yield p


@pytest.fixture(scope="module")
def contact(party: Party) -> str:
    return _contact(party, party.folder / "mine.html")[0].read_text("utf-8")


@pytest.fixture(scope="module")
def collection(party: Party) -> str:
    out = party.folder / "all.html"
    write_collection_sheet(
        party.archive.collections.get("party"),
        party.archive.collections.store,
        out,
        party.archive.limits,
        party.archive.detect_everybody,
    )
    return out.read_text("utf-8")


def _found(party: Party) -> list[Picture]:
    return party.archive.requests.find(OFFICER, party.people["Ada"].subject, party.sessions())


def _contact(party: Party, out: Path, photos_a_page: int = 500) -> list[Path]:
    return write_contact_sheet(
        _found(party),
        party.archive.collections.store,
        out,
        party.archive.limits,
        party.archive.detect_everybody,
        photos_a_page=photos_a_page,
    )


def _cards(page: str) -> dict[str, str]:
    """file name -> that photo's part of the page."""
    parts = page.split('<li class="card">')[1:]
    return {html.unescape(m.group(1)): p for p in parts if (m := re.search(r"<h3><bdi>(.*?)</bdi>", p))}


def _picture(card: str) -> NDArray[np.uint8]:
    found = re.search(r'src="data:image/jpeg;base64,([A-Za-z0-9+/=]+)"', card)
    assert found
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(found.group(1)))).convert("RGB"))


def _inside(pixels: NDArray[np.uint8], box: Box, scale: float) -> NDArray[np.uint8]:
    """The part of a thumbnail that the box covers, two px in from its rim: shrinking mixes there."""
    x, y = (slice(int(a * scale) + 2, int(b * scale) - 2) for a, b in ((box.x_min, box.x_max), (box.y_min, box.y_max)))
    return pixels[y, x]


def _is_masked(pixels: NDArray[np.uint8]) -> bool:
    return bool(pixels.size and np.abs(pixels.astype(int) - MASK_COLOUR).max() <= 6)  # JPEG's rounding


def test_everybody_but_the_person_is_covered_on_their_sheet(party: Party, contact: str) -> None:
    pixels = _picture(_cards(contact)["all.jpg"])
    faces = [Box(60 + 220 * n, 200, 156 + 220 * n, 296) for n in range(3)]
    covered = [_is_masked(_inside(pixels, face, pixels.shape[1] / 960)) for face in faces]
    assert covered == [False, True, True]
    assert pixels.shape[:2] == (320, 480)


def test_the_covered_pixels_are_those_before_shrinking(party: Party, tmp_path: Path) -> None:
    """Two photos that differ in nothing but somebody else's face give the same sheet, byte for byte."""
    made = []
    for other in (2, 9):
        pixels = blank_photo(900, 700)
        draw_face(pixels, 80, 300, 1, 96)
        draw_face(pixels, 401, 303, other, 96)
        path = save(pixels, tmp_path / f"{other}.png")
        digest = digest_file(path)
        faces = [Box(80, 300, 176, 396), Box(401, 303, 497, 399)]
        covered = open_covered(
            path, digest, party.archive.limits, faces, shown=0, detect_again=party.archive.detect_everybody
        )
        assert covered.masks == (mask_box(faces[1], 900, 700),)
        made.append(thumbnail(covered).data_uri)
    assert made[0] == made[1]


def test_the_sheet_frames_the_persons_own_face(contact: str) -> None:
    frame = re.search(
        r'<rect class="frame" x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', _cards(contact)["all.jpg"]
    )
    assert frame
    x, y, width, height = map(int, frame.groups())
    assert Box(30, 100, 78, 148).iou(Box(x, y, x + width, y + height)) > 0.6


def test_the_sheet_tells_date_name_band_and_how_to_object(party: Party, contact: str) -> None:
    card = _cards(contact)["all.jpg"]
    item = next(p.item for p in _found(party) if p.path.name == "all.jpg")
    assert "14 June 2025, 15:20" in card
    assert ">Certain<" in card
    assert f"kenbaar reject {party.people['Ada'].subject} {item}" in card


def test_pictures_of_others_are_not_on_the_sheet(contact: str) -> None:
    assert "bob alone.jpg" not in contact
    assert "nobody.jpg" not in contact


def test_a_photo_that_vanished_or_changed_is_told_in_words(contact: str, collection: str) -> None:
    for page in (contact, collection):
        cards = _cards(page)
        assert "is no longer there" in cards["vanishes.jpg"]
        assert "changed since it was swept" in cards["changes.jpg"]
        assert "<img" not in cards["vanishes.jpg"] + cards["changes.jpg"]


def test_every_face_of_a_collection_sheet_is_covered_and_numbered(party: Party, collection: str) -> None:
    card = _cards(collection)["all.jpg"]
    pixels = _picture(card)
    assert all(_is_masked(_inside(pixels, Box(60 + 220 * n, 200, 156 + 220 * n, 296), 0.5)) for n in range(3))
    labels = [(int(n), int(x)) for x, n in re.findall(r'<text x="(\d+)"[^>]*>(\d+)</text>', card)]
    assert [n for n, _ in labels] == [0, 1, 2]
    assert [round((x * 2 - 108) / 220) for _, x in labels] == [0, 1, 2]  # each on its own mask
    assert "Box 0: somebody who agreed" in card
    assert "Box 1: somebody who agreed" in card
    assert not any(person.subject in card for person in party.people.values())  # whose it is, `find` says, on record
    assert "Box 2:" not in card


def test_a_collection_sheet_names_every_item_also_without_faces_and_unreadable(collection: str) -> None:
    cards = _cards(collection)
    assert "no face was found" in cards["nobody.jpg"]
    assert "not shown here" in cards["broken.jpg"]
    assert len(cards) == 7


def test_names_of_people_are_on_no_sheet(contact: str, collection: str) -> None:
    for page in (contact, collection):
        read = _Page(page)
        said = read.text + "".join(v or "" for n, v in read.attributes if n != "src")
        assert "Ada" not in said
        assert "Bob" not in said


class _Page(HTMLParser):
    """Every tag, attribute and visible text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_hostile_file_name_is_text_and_nothing_else(contact: str, collection: str) -> None:
    for page in (contact, collection):
        read = _Page(page)
        assert "<script>alert(1)<img onerror=x>" in read.text
        assert {"script", "iframe", "object", "form", "link"}.isdisjoint(read.tags)
        assert not [name for name, _ in read.attributes if name.startswith("on") or name == "style"]


def test_a_sheet_loads_nothing(contact: str, collection: str) -> None:
    for page in (contact, collection):
        read = _Page(page)
        loaded = [v or "" for n, v in read.attributes if n in ("src", "srcset", "data", "href", "action", "poster")]
        assert all(v.startswith(("data:image/jpeg;base64,", "#")) for v in loaded)
        assert "url(" not in page and "@import" not in page
        policy = next(v for n, v in read.attributes if n == "content" and v and "default-src" in v)
        assert policy.startswith("default-src 'none'; img-src data:;")
        assert "unsafe" not in policy


def test_the_policy_allows_the_style_sheet_that_is_there(contact: str) -> None:
    style = re.search(r"<style>(.*?)</style>", contact, re.S)
    assert style
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert f"style-src &#39;sha256-{digest}&#39;" in contact or f"style-src 'sha256-{digest}'" in contact


def test_every_picture_has_words_in_its_place(contact: str, collection: str) -> None:
    for page in (contact, collection):
        assert '<html lang="en">' in page
        alts = [v for n, v in _Page(page).attributes if n == "alt"]
        assert len(alts) == page.count("<img ") > 0
        assert all(alts)
        levels = [int(level) for level in re.findall(r"<h(\d)", page)]
        assert levels[0] == 1 and all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_many_photos_become_several_pages_that_know_each_other(party: Party, tmp_path: Path) -> None:
    pages = _contact(party, tmp_path / "my pictures.html", photos_a_page=2)
    assert [p.name for p in pages] == ["my pictures.html", "my pictures-2.html"]
    texts = [p.read_text("utf-8") for p in pages]
    assert sum(len(_cards(t)) for t in texts) == len(_found(party)) == 4
    assert 'href="my%20pictures-2.html"' in texts[0]
    assert 'href="my%20pictures.html"' in texts[1]


def test_a_shorter_sheet_takes_the_pages_of_the_longer_one_away(party: Party, tmp_path: Path) -> None:
    out = tmp_path / "s.html"
    _contact(party, out, photos_a_page=1)
    (tmp_path / "s-6.html").write_text("somebody's own file")
    _contact(party, out, photos_a_page=2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s-2.html", "s-6.html", "s.html"]


def test_all_pages_of_a_collection_hold_every_item_once(party: Party, tmp_path: Path) -> None:
    store = party.archive.collections.store
    pages = write_collection_sheet(
        party.archive.collections.get("party"),
        store,
        tmp_path / "c.html",
        party.archive.limits,
        party.archive.detect_everybody,
        photos_a_page=3,
    )
    names = [name for p in pages for name in _cards(p.read_text("utf-8"))]
    assert len(pages) == 3
    assert len(names) == len(set(names)) == 7


def test_the_same_pictures_give_the_same_sheet(party: Party, contact: str, tmp_path: Path) -> None:
    assert _contact(party, tmp_path / "mine.html")[0].read_text("utf-8") == contact


def test_no_pictures_is_an_answer_about_what_was_looked_through(party: Party, tmp_path: Path) -> None:
    out = tmp_path / "none.html"
    write_contact_sheet([], party.archive.collections.store, out, party.archive.limits, party.archive.detect_everybody)
    assert "about what was looked through" in out.read_text("utf-8")


def test_a_sheet_is_for_its_owner_alone_and_leaves_nothing_beside_it(party: Party, tmp_path: Path) -> None:
    _contact(party, tmp_path / "mine.html")
    assert [p.name for p in tmp_path.iterdir()] == ["mine.html"]
    assert (tmp_path / "mine.html").stat().st_mode & 0o777 == 0o600


def test_a_full_disk_leaves_the_old_sheet(party: Party, tmp_path: Path) -> None:
    out = tmp_path / "mine.html"
    out.write_text("the old one")
    found = _found(party)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(NoSpace):
            write_contact_sheet(
                found, party.archive.collections.store, out, party.archive.limits, party.archive.detect_everybody
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert out.read_text() == "the old one"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_is_not_there_is_refused(party: Party, tmp_path: Path) -> None:
    with pytest.raises(Unusable):
        _contact(party, tmp_path / "no" / "mine.html")


def test_a_picture_that_is_not_theirs_any_more_is_not_shown(tmp_path: Path, tiny_pack_folder: Path) -> None:
    with a_party(tmp_path, tiny_pack_folder) as p:
        ada = p.enrol("Ada", 1)
        p.photo("one.jpg", 1, 2)
        p.add()
        p.sweep()
        found = p.archive.requests.find(OFFICER, ada.subject, p.sessions())
        p.archive.requests.reject(OFFICER, ada.subject, found[0].item, p.sessions())
        write_contact_sheet(
            found, p.archive.collections.store, tmp_path / "s.html", p.archive.limits, p.archive.detect_everybody
        )
        page = (tmp_path / "s.html").read_text("utf-8")
        assert "<img" not in page
        assert "changed just now" in page
