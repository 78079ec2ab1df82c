"""The default pack on real portraits: found, not confused, masked, and gone when they leave."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from kenbaar.media import open_photo
from kenbaar.modelpack import load_pack
from tests.e2e.club import Club, new_club
from tests.e2e.test_asking import Desk

pytestmark = pytest.mark.slow


@pytest.fixture
def club(default_pack_folder: Path, demo_photos: Path, tmp_path: Path) -> Club:
    """The astronaut agreed to find, one head of government to find and show; the other one agreed to nothing."""
    club = new_club(tmp_path, default_pack_folder)
    for name, purposes, portraits in (
        ("Shown", ("find", "show:web"), ("obama.jpg", "obama2.jpg")),
        ("Found", ("find",), ("astronaut.png",)),
    ):
        club.kenbaar("enrol", club.invite(name, *purposes), *(demo_photos / p for p in portraits))
    club.photos.mkdir()
    for name in ("obama3.jpg", "biden.jpg", "coffee.png", "chelsea.png"):
        shutil.copy(demo_photos / name, club.photos)
    sides = [Image.open(demo_photos / n).convert("RGB").resize((480, 480)) for n in ("astronaut.png", "biden.jpg")]
    group = Image.new("RGB", (960, 480))
    for place, side in enumerate(sides):
        group.paste(side, (480 * place, 0))
    group.save(club.photos / "group.jpg", quality=92)
    return club


def test_real_people_are_found_where_they_agreed_and_nowhere_else(club: Club) -> None:
    club.collect()
    report = club.sweep()
    assert report["photos"] == 5 and report["unreadable"] == []
    assert club.found("Shown") == ["obama3.jpg"]
    assert club.found("Found") == ["group.jpg"]
    answer = club.kenbaar.answer("publish", "party", club.out, "--channel", "web")
    assert answer.data["published"] + len(answer.data["held"]) == 5
    faces = {i["path"]: i["faces"] for i in club.items().values()}
    for name in ("biden.jpg", "group.jpg"):
        if (club.out / name).exists():
            with Image.open(club.out / name) as copy:
                pixels = np.asarray(copy.convert("RGB"))
            for face in faces[name]:
                x_min, y_min, x_max, y_max = face["box"]
                inside = pixels[max(0, y_min) : y_max, max(0, x_min) : x_max].reshape(-1, 3).astype(int)
                assert np.abs(inside - inside.mean(axis=0)).max() <= 3, "a mask is one colour"
    assert (club.out / "obama3.jpg").exists() and answer.data["visible"] == 1
    club.kenbaar("withdraw", club.ids["Shown"])
    club.kenbaar.answer("publish", "party", club.out, "--channel", "web")
    pack = load_pack(Path(str(club.kenbaar.pack)))
    box = faces["obama3.jpg"][0]["box"]
    for face in pack.detect_faces(open_photo(club.out / "obama3.jpg")):
        assert face.box.as_list()[2] < box[0] or face.box.as_list()[0] > box[2], "the face is still there"
    club.kenbaar.expect_whole()


def test_portraits_that_cannot_be_used_are_refused_with_a_reason(club: Club, demo_photos: Path) -> None:
    token = club.invite("New", "find")
    for photos, why in (
        (("coffee.png",), "No face"),
        (("obama.jpg", "biden.jpg"), "same person"),
    ):
        assert why in club.kenbaar.refused("enrol", token, *(demo_photos / p for p in photos), code=4)
    both = club.photos / "group.jpg"
    assert "2 faces" in club.kenbaar.refused("enrol", token, both, code=4)
    with Image.open(demo_photos / "biden.jpg") as portrait:  # 133 px between the eyes
        worse = {
            "too small": portrait.resize((portrait.width // 11, portrait.height // 11)),
            "blurred": portrait.filter(ImageFilter.GaussianBlur(14)),
            "too dark": portrait.point(lambda value: value // 20),
        }
    for why, picture in worse.items():
        picture.save(club.folder / f"{why}.png")
        assert why in club.kenbaar.refused("enrol", token, club.folder / f"{why}.png", code=4)
    club.kenbaar.expect_whole()


def test_who_enrolled_with_default_1_is_found_when_the_default_is_2_and_can_renew(
    dlib_pack: Path, default_pack_folder: Path, demo_photos: Path, tmp_path: Path
) -> None:
    packs = tmp_path / "cache" / "packs"
    for folder in (dlib_pack, default_pack_folder):
        shutil.copytree(folder, packs / folder.name)
    club = new_club(tmp_path, Path("dlib"))
    portraits = (demo_photos / "obama.jpg", demo_photos / "obama2.jpg")
    club.kenbaar("enrol", club.invite("Old", "find"), *portraits)
    club.photos.mkdir()
    for name in ("obama3.jpg", "astronaut.png", "biden.jpg"):
        shutil.copy(demo_photos / name, club.photos)
    club.kenbaar.pack = Path("default")
    club.kenbaar("enrol", club.invite("New", "find"), demo_photos / "astronaut.png")
    club.collect()
    report = club.sweep()
    assert (report["older_pack"], report["other_pack"]) == (1, 0)
    assert club.found("Old") == ["obama3.jpg"] and club.found("New") == ["astronaut.png"]
    shutil.copytree(packs / "default-1", tmp_path / "kept")
    shutil.rmtree(packs / "default-1")
    assert club.sweep()["other_pack"] == 1  # not at hand: said, and nobody is lost
    shutil.copytree(tmp_path / "kept", packs / "default-1")
    token = club.kenbaar("renew", club.ids["Old"])["token"]
    club.kenbaar("enrol", token, *portraits)
    report = club.sweep()
    assert (report["older_pack"], report["other_pack"]) == (0, 0)
    assert club.found("Old") == ["obama3.jpg"]
    club.kenbaar.expect_whole()


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_that_lies_on_its_side_or_head_shows_who_is_in_it_to_a_sweep_and_to_a_question(
    quarters: int, default_pack_folder: Path, demo_photos: Path, tmp_path: Path
) -> None:
    club = new_club(tmp_path, default_pack_folder)
    token = club.invite("Asked", "find", "ask")
    club.kenbaar("enrol", token, demo_photos / "obama.jpg", demo_photos / "obama2.jpg")
    club.photos.mkdir()
    for name in ("obama3.jpg", "biden.jpg"):
        with Image.open(demo_photos / name) as photo:
            photo.convert("RGB").rotate(90 * quarters, expand=True).save(club.photos / name, quality=92)
    club.collect()
    report = club.sweep()
    assert (report["faces"], report["unknown"]) == (2, 1)
    assert club.found("Asked") == ["obama3.jpg"]
    desk = Desk(club)
    desk.join("Eddy", "editor")
    answers = [desk.ask(club.photos / name)["faces"] for name in ("obama3.jpg", "biden.jpg")]
    assert [[len(face["candidates"]) for face in faces] for faces in answers] == [[1], [0]]


def on_a_screen(portrait: Image.Image) -> Image.Image:
    """A photo of a monitor in a dark room: its lines, its blue light, seen a little from the side."""
    shown = np.asarray(portrait.convert("RGB").resize((560, 620))).astype(np.float32) * (0.85, 0.95, 1.0)
    shown[::3] *= 0.8
    monitor = Image.new("RGB", (620, 700), (12, 12, 14))
    monitor.paste(Image.fromarray(shown.astype(np.uint8)), (30, 30))
    return _seen_from_the_side(monitor, (38, 40, 46))


def on_a_poster(portrait: Image.Image) -> Image.Image:
    """A photo of a poster on a wall, printed pale, with a white border and a line of print below."""
    pale = portrait.convert("RGB").resize((520, 600)).point(lambda value: 50 + value * 3 // 4)
    poster = Image.new("RGB", (600, 780), (246, 244, 238))
    poster.paste(pale, (40, 40))
    poster.paste((60, 20, 20), (60, 680, 540, 720))
    return _seen_from_the_side(poster, (176, 170, 158))


def _seen_from_the_side(thing: Image.Image, wall: tuple[int, int, int]) -> Image.Image:
    w, h = thing.size
    scene = Image.new("RGB", (w + 200, h + 160), wall)
    scene.paste(thing, (100, 80))
    corners = (0, 0, 20, h + 160, w + 180, h + 130, w + 200, 30)  # of what is seen: upper left, then counter-clockwise
    return scene.transform(scene.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)


def test_a_face_on_a_screen_or_a_poster_is_a_face_like_any_other(
    default_pack_folder: Path, demo_photos: Path, tmp_path: Path
) -> None:
    """Who agreed may be the answer, who did not is nobody: covered for reviewers, and masked in a copy."""
    club = new_club(tmp_path, default_pack_folder)
    token = club.invite("Asked", "find", "ask")
    club.kenbaar("enrol", token, demo_photos / "obama.jpg", demo_photos / "obama2.jpg")
    club.photos.mkdir()
    with Image.open(demo_photos / "obama3.jpg") as one, Image.open(demo_photos / "biden.jpg") as other:
        asked, stranger = one.crop((430, 110, 1130, 1010)), other.crop((180, 20, 940, 960))
        pictures = {
            "screen.jpg": [on_a_screen(asked)],
            "poster.jpg": [on_a_poster(asked)],
            "strangers.jpg": [on_a_screen(stranger), on_a_poster(stranger)],
            "both.jpg": [on_a_screen(asked), on_a_poster(stranger)],
        }
    for name, parts in pictures.items():
        side_by_side = Image.new("RGB", (sum(p.width for p in parts), max(p.height for p in parts)), (90, 90, 90))
        for part, x in zip(parts, np.cumsum([0, *(p.width for p in parts)]).tolist(), strict=False):
            side_by_side.paste(part, (x, 0))
        side_by_side.save(club.photos / name, quality=92)
    desk = Desk(club)
    for name, role in (("Eddy", "editor"), ("Rik", "reviewer")):
        desk.join(name, role)
    answers = {name: desk.ask(club.photos / name) for name in pictures}
    found = {name: [len(face["candidates"]) for face in answer["faces"]] for name, answer in answers.items()}
    assert found == {"screen.jpg": [1], "poster.jpg": [1], "strangers.jpg": [0, 0], "both.jpg": [1, 0]}
    with club.open() as archive:
        kept = {name: archive.cases.store.photo_numbers(answer["case"]) for name, answer in answers.items()}
    assert kept["strangers.jpg"] == [] and kept["both.jpg"] == [0], "of strangers' pictures nothing is kept"
    desk.show(answers["both.jpg"]["case"], "Rik", "--sheet", club.folder / "case.html")
    club.collect()
    assert (club.sweep()["faces"], club.found("Asked")) == (6, ["both.jpg", "poster.jpg", "screen.jpg"])
    club.kenbaar.answer("publish", "party", club.out, "--channel", "web")
    pack = load_pack(default_pack_folder)
    for copy in club.out.glob("*.jpg"):
        assert pack.detect_faces(open_photo(copy)) == [], "pictures of pictures are masked too"
    assert list(club.out.glob("*.jpg"))
    club.kenbaar.expect_whole()
