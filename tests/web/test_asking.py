"""Who is this? Asked in a browser: letters until two agree, nothing before; pictures that can be fetched once."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from kenbaar.web._lent import MOST_BYTES, WAITS_S, Lent
from kenbaar.web._site import Who
from tests.e2e.club import draw_people
from tests.web.site import Page, Served, Visitor

LENT = re.compile(r"/staff/seen/[\w-]+")


@dataclass
class Asked:
    """A club in which Dov may be asked about and is in a picture; Eddy asked, Rik and Rosa may decide."""

    site: Served
    eddy: Visitor
    rik: Visitor
    rosa: Visitor

    def probe(self, *names: str) -> Path:
        file = self.site.club.folder / f"probe-{'-'.join(names)}.jpg"
        draw_people(file, *names)
        return file

    def ask(self, *names: str) -> str:
        """The case."""
        page = self.eddy.post("/staff/ask", [("photo", self.probe(*names))], reason="a yearbook", basis="archive")
        found = re.search(r"/staff/cases/(c-\w+)", page.text)
        assert found and page.path == "/staff/ask", page.words
        return found[1]

    def case(self, case: str) -> Page:
        return self.eddy.get(f"/staff/cases/{case}")

    def decide(self, who: Visitor, case: str, choice: str, face: int = 0) -> Page:
        return who.post(f"/staff/review/{case}/{face}", choice=choice)


@pytest.fixture
def asked(site: Served) -> Iterator[Asked]:
    site.club.enrol("Dov", "find", "ask")
    site.club.photo("dov.jpg", "Dov", "Stranger")
    site.club.sweep()
    yield Asked(site, site.staff("editor", "Eddy"), site.staff("reviewer", "Rik"), site.staff("reviewer", "Rosa"))


def without_secrets(page: Page) -> str:
    """What a page says, and where: the words that every page makes anew are taken out, at their length."""
    text = re.sub(r'(name="_csrf" value=")[^"]+', lambda m: m[1] + "x" * 32, page.text)
    return LENT.sub(lambda m: "/staff/seen/" + "x" * (len(m[0]) - 12), text)


def test_the_answer_to_a_question_comes_on_the_same_page_as_letters(asked: Asked) -> None:
    page = asked.eddy.post(
        "/staff/ask", [("photo", asked.probe("Dov", "Stranger"))], reason="a yearbook", basis="archive"
    )
    assert (page.status, page.path) == (200, "/staff/ask")
    assert "A very alike" in page.words and "Nobody who may be told" in page.words
    assert "Dov" not in page.text and asked.site.club.ids["Dov"] not in page.text


def test_several_photos_are_asked_about_at_once(asked: Asked) -> None:
    photos = [("photo", asked.probe("Dov")), ("photo", asked.probe("Stranger"))]
    page = asked.eddy.post("/staff/ask", photos, reason="a yearbook", basis="archive")
    assert page.words.count("everybody else covered") == 0  # it is said to who cannot see the picture
    assert page.text.count('<li class="card">') == 2


@pytest.mark.parametrize("left_out", ["reason", "basis", "photo"])
def test_a_question_without_a_reason_a_basis_or_a_photo_is_not_asked_and_what_was_written_stays(
    asked: Asked, left_out: str
) -> None:
    before = asked.site.archive.cases.all()
    given = {"reason": "a yearbook", "basis": "archive"} | ({left_out: ""} if left_out != "photo" else {})
    page = asked.eddy.post("/staff/ask", [("photo", asked.probe("Dov"))] if left_out != "photo" else (), **given)
    assert page.status == 422 and 'role="alert"' in page.text
    assert left_out == "reason" or "a yearbook" in page.text
    assert asked.site.archive.cases.all() == before


def test_who_may_not_ask_is_refused(asked: Asked) -> None:
    page = asked.rik.post("/staff/ask", [("photo", asked.probe("Dov"))], reason="a yearbook", basis="archive")
    assert "may not do this" in page.words
    assert asked.site.archive.cases.all() == []


@pytest.mark.parametrize("choice", ["A", "nobody"])
def test_until_two_have_answered_who_asked_sees_the_same_page_to_the_letter(asked: Asked, choice: str) -> None:
    case = asked.ask("Dov", "Stranger")
    places = (f"/staff/cases/{case}", "/staff/cases", f"/staff/ask?case={case}", "/staff/review", "/staff")
    before = [asked.eddy.get(path) for path in places]
    asked.decide(asked.rik, case, choice)
    after = [asked.eddy.get(path) for path in places]
    for one, other in zip(before, after, strict=True):
        assert one.status == other.status == 200
        assert without_secrets(one) == without_secrets(other)
        assert one.headers.keys() == other.headers.keys()
        assert one.headers["content-length"] == other.headers["content-length"]
        pictures = [[asked.eddy.http.get(path).content for path in LENT.findall(page.text)] for page in (one, other)]
        assert pictures[0] == pictures[1]


def test_what_two_people_said_tells_who_asked_no_more_where_they_disagree_than_where_both_said_nobody(
    asked: Asked,
) -> None:
    pages: list[re.Match[str] | None] = []
    for answers in (("A", "nobody"), ("nobody", "A"), ("nobody", "nobody")):
        case = asked.ask("Dov", *["Stranger"] * len(pages))
        for who, choice in zip((asked.rik, asked.rosa), answers, strict=True):
            asked.decide(who, case, choice)
        page = asked.case(case)
        assert "Nobody who may be told" in page.words and "Dov" not in page.text
        pages.append(re.search(r"<li class=\"card\">.*?</li>", without_secrets(page), re.DOTALL))
        asked.eddy.post(f"/staff/cases/{case}/close")
    assert all(pages) and len({page[0] for page in pages if page}) == 1


def test_nobody_looks_the_same_whatever_the_reason(asked: Asked) -> None:
    """A stranger; somebody enrolled who did not agree to be asked about."""
    told = [without_secrets(asked.case(asked.ask(who))) for who in ("Stranger", "Bob", "Passer-by")]
    cases = [re.sub(r"c-\w{8}", "c", re.sub(r"\d\d:\d\d", "", text)) for text in told]
    assert len(set(cases)) == 1


def test_once_two_agree_the_name_and_the_pictures_are_told_and_nobody_else_is_seen_on_them(asked: Asked) -> None:
    case = asked.ask("Dov", "Stranger")
    asked.decide(asked.rik, case, "A")
    assert "Dov" not in asked.case(case).text
    asked.decide(asked.rosa, case, "A")
    page = asked.case(case)
    assert "Face 1 is Dov" in page.words and "1 picture is known" in page.words
    picture = asked.eddy.http.get(LENT.findall(page.text)[0]).content
    assert visible_faces(picture, [0, 1], width=420) == [True, False]
    seen = [act for act in asked.site.archive.journal.acts() if act.event == "case-seen"]
    assert seen and all((act.payload or {})["subject"] == asked.site.club.ids["Dov"] for act in seen)


def visible_faces(jpeg: bytes, places: list[int], width: int) -> list[bool]:
    """Which of the people in a row can be seen: a drawn face has a magenta frame, a mask is grey."""
    with Image.open(BytesIO(jpeg)) as picture:
        whole = picture.convert("RGB").resize((width, round(picture.height * width / picture.width)))
    shown = []
    for n in places:
        red, green, _ = whole.crop((40 + 180 * n, 96, 136 + 180 * n, 192)).resize((12, 12)).getpixel((0, 6))  # type: ignore[misc]
        shown.append(red - green > 100)
    return shown


def test_the_face_that_was_asked_about_is_seen_by_itself(asked: Asked) -> None:
    page = asked.case(asked.ask("Dov", "Stranger"))
    first, second = (asked.eddy.http.get(path).content for path in LENT.findall(page.text))
    for jpeg in (first, second):
        with Image.open(BytesIO(jpeg)) as picture:
            assert picture.size == (320, 320) and picture.format == "JPEG"
            assert not picture.getexif()
    assert first != second


# -- deciding ----------------------------------------------------------------------------------------------------------


def test_the_queue_has_what_others_asked_and_leads_from_face_to_face(asked: Asked) -> None:
    asked.site.club.enrol("Eva", "ask")
    case = asked.ask("Dov", "Eva")
    queue = asked.rik.get("/staff/review")
    assert "1 question waits for you" in queue.words and f"/staff/review/{case}/0" in queue.text
    assert "Nothing waits for you" in asked.eddy.get("/staff/review").words
    page = asked.decide(asked.rik, case, "A")
    assert page.path == f"/staff/review/{case}/1"
    page = asked.decide(asked.rik, case, "nobody", face=1)
    assert page.path == "/staff/review" and "Nothing waits for you" in page.words


def test_none_of_these_is_the_first_answer_and_nothing_is_chosen_for_anybody(asked: Asked) -> None:
    page = asked.rik.get(f"/staff/review/{asked.ask('Dov')}/0")
    assert re.findall(r'name="choice" value="(\w+)"', page.text) == ["nobody", "A"]
    assert "checked" not in page.text
    assert "Dov" not in page.text and asked.site.club.ids["Dov"] not in page.text


@pytest.mark.parametrize("choice", ["A", "nobody"])
def test_the_second_reviewer_sees_what_the_first_saw(asked: Asked, choice: str) -> None:
    case = asked.ask("Dov")
    before = asked.rosa.get(f"/staff/review/{case}/0"), asked.rosa.get("/staff/review")
    asked.decide(asked.rik, case, choice)
    after = asked.rosa.get(f"/staff/review/{case}/0"), asked.rosa.get("/staff/review")
    assert [without_secrets(page) for page in before] == [without_secrets(page) for page in after]


def test_whose_pictures_a_reviewer_is_shown_reads_it_before_they_are(asked: Asked) -> None:
    case = asked.ask("Dov")
    asked.rik.get(f"/staff/review/{case}/0")
    (seen,) = [act for act in asked.site.archive.journal.acts() if act.event == "case-seen"]
    assert seen.payload is not None and seen.payload["subject"] == asked.site.club.ids["Dov"]


def test_who_asked_is_shown_no_candidate_and_decides_nothing(asked: Asked) -> None:
    case = asked.ask("Dov")
    assert asked.eddy.get(f"/staff/review/{case}/0").status == 404
    assert asked.decide(asked.eddy, case, "A").status == 404
    assert not any(act.event == "case-seen" for act in asked.site.archive.journal.acts())
    assert all(not face.reviews for c in asked.site.archive.cases.all() for face in c.faces)


def test_nobody_answers_twice_and_no_letter_is_made_up(asked: Asked) -> None:
    case = asked.ask("Dov")
    assert asked.decide(asked.rik, case, "Z").status == 404
    assert asked.decide(asked.rik, case, "").status == 400
    asked.decide(asked.rik, case, "A")
    assert asked.decide(asked.rik, case, "nobody").status == 404
    assert asked.rik.get(f"/staff/review/{case}/0").status == 404
    (kept,) = asked.site.archive.cases.all()
    assert [len(face.reviews) for face in kept.faces] == [1]


@pytest.mark.parametrize("face", ["7", "00000000000", "x", "-1", "%00", "٣"])
def test_a_face_that_is_not_there_is_none(asked: Asked, face: str) -> None:
    assert asked.rik.get(f"/staff/review/{asked.ask('Dov')}/{face}").status == 404


def test_a_case_is_closed_by_who_asked_and_is_gone_for_all(asked: Asked) -> None:
    case = asked.ask("Dov")
    assert asked.rik.post(f"/staff/cases/{case}/close").status == 404
    assert asked.eddy.post(f"/staff/cases/{case}/close").path == "/staff/cases"
    for who in (asked.eddy, asked.rik, asked.rosa):
        assert who.get(f"/staff/cases/{case}").status == 404
    assert "Nothing is open" in asked.eddy.get("/staff/cases").words


def test_of_a_case_that_is_not_theirs_an_account_learns_what_it_learns_of_one_that_never_was(asked: Asked) -> None:
    case = asked.ask("Dov")
    other = asked.site.staff("auditor", "Arie")
    for path in ("/staff/cases/{}", "/staff/review/{}/0"):
        there, never = other.get(path.format(case)), other.get(path.format("c-00000000"))
        assert there.status == never.status
        assert without_secrets(there) == without_secrets(never).replace("c-00000000", case)


def test_who_takes_consent_back_is_gone_from_the_pages_at_once(asked: Asked) -> None:
    case = asked.ask("Dov")
    asked.site.club.kenbaar("withdraw", asked.site.club.ids["Dov"])
    assert "very alike" not in asked.case(case).words
    assert asked.rik.get(f"/staff/review/{case}/0").status == 404


# -- pictures of a page ------------------------------------------------------------------------------------------------


def test_a_picture_is_fetched_once_by_whose_page_it_is(asked: Asked) -> None:
    page = asked.case(asked.ask("Dov"))
    (path,) = LENT.findall(page.text)
    assert asked.rik.get(path).status == 404
    assert asked.site.visitor().get(path).path == "/staff/sign-in"
    answer = asked.eddy.http.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.headers["content-type"] == "image/jpeg"
    assert asked.eddy.get(path).status == 404


def test_a_picture_that_nobody_fetches_is_forgotten() -> None:
    now = [0.0]
    lent = Lent(lambda: now[0])
    early = lent.lend("ada", b"1")
    now[0] = WAITS_S + 1
    assert lent.fetch("ada", early) is None
    late = lent.lend("ada", b"2")
    assert lent.fetch("bob", late) is None and lent.fetch("ada", late) == b"2"
    assert lent.fetch("ada", "") is None and lent.fetch("ada", "é") is None


def test_pictures_that_wait_have_a_bound() -> None:
    lent = Lent()
    keys = [lent.lend("ada", bytes(MOST_BYTES // 4)) for _ in range(8)]
    kept = [key for key in keys if lent.fetch("ada", key) is not None]
    assert kept == keys[4:]


def test_every_page_of_asking_is_for_staff(asked: Asked) -> None:
    ours = ("/staff/ask", "/staff/cases", "/staff/review", "/staff/seen")
    rows = [row for row in asked.site.app.state.site.rows if row.path.startswith(ours)]
    assert len(rows) == 9 and all(row.who is Who.STAFF for row in rows)


# -- in a real browser -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_case_is_decided_by_keys_alone(asked: Asked, browser: Browser) -> None:
    asked.site.club.enrol("Eva", "ask")
    case = asked.ask("Dov", "Eva")
    context = browser.new_context()
    context.add_cookies([{"name": "kenbaar", "value": asked.rik.http.cookies["kenbaar"], "url": asked.site.origin}])
    page = context.new_page()
    page.goto(f"{asked.site.origin}/staff/review/{case}/0")
    assert page.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth === 320)")
    for key, chosen in (("b", []), ("0", ["nobody"]), ("a", ["A"]), ("A", ["A"])):
        page.keyboard.press(key)  # a letter that nobody has does nothing
        assert page.evaluate("[...document.querySelectorAll(':checked')].map((one) => one.value)") == chosen
    assert all(
        not face.reviews for c in asked.site.archive.cases.all() for face in c.faces
    )  # a key alone sends nothing
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{case}/1")
    page.keyboard.press("0")
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/review")
    kept = asked.site.archive.cases.open(case)
    assert [[review.choice for review in face.reviews] for face in kept.faces] == [["A"], [""]]
    context.close()


@pytest.mark.slow
def test_photos_can_be_dropped_and_are_seen_before_they_are_sent(asked: Asked, browser: Browser) -> None:
    context = browser.new_context()
    context.add_cookies([{"name": "kenbaar", "value": asked.eddy.http.cookies["kenbaar"], "url": asked.site.origin}])
    page = context.new_page()
    page.goto(f"{asked.site.origin}/staff/ask")
    given = base64.b64encode(asked.probe("Dov").read_bytes()).decode()
    page.evaluate(
        """(given) => {
            const bytes = Uint8Array.from(atob(given), (c) => c.charCodeAt(0));
            const dropped = new DataTransfer();
            dropped.items.add(new File([bytes], 'somebody.jpg', {type: 'image/jpeg'}));
            dropped.items.add(new File(['x'], 'notes.txt', {type: 'text/plain'}));
            document.querySelector('[data-drop]').dispatchEvent(new DragEvent('drop', {dataTransfer: dropped}));
        }""",
        given,
    )
    assert page.locator(".previews img").count() == 1
    page.fill("#reason", "a yearbook")
    page.check("input[value=archive]")
    page.click("[data-send]")
    page.wait_for_selector(".reply")
    assert "very alike" in page.inner_text(".reply")
    assert "somebody.jpg" not in page.content()  # what people call their photos goes nowhere
    context.close()
