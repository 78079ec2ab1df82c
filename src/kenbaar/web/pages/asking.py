"""Who is this? Asked with photos, decided by two who do not know what the other says, and closed.

Until two agree, whoever asked is shown letters and bands alone: what they see does not depend on who answered, on how
many did, or on what was said.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from kenbaar import acts
from kenbaar.errors import KenbaarError, NotFound, UsageError
from kenbaar.web._site import STAFF, Site, Visit
from kenbaar.web._uploads import as_files

NOBODY = "nobody"  # of the answers, the first


def add(site: Site) -> None:
    """Enters them."""

    @site.get("/staff/ask", STAFF, heavy=True)
    def ask_form(visit: Visit) -> Response:
        return _ask(visit, visit.query("case"), None)

    @site.post("/staff/ask", STAFF, heavy=True)
    def ask(visit: Visit) -> Response:
        try:
            with as_files(visit.files("photo")) as photos:
                asked = acts.search(
                    visit.archive,
                    visit.actor,
                    acts.SearchRequest(
                        photos, visit.field("reason"), visit.field("basis"), visit.field("collection") or None
                    ),
                )
        except KenbaarError as err:
            return _ask(visit, "", err)
        return visit.go(f"/staff/ask?case={asked.case}")

    @site.get("/staff/cases", STAFF)
    def cases(visit: Visit) -> Response:
        listed = acts.list_cases(visit.archive, visit.actor, acts.ListCasesRequest())
        return visit.page("staff/cases.html", cases=[c for c in listed.cases if c.mine], error=None)

    @site.get("/staff/cases/{case}", STAFF, heavy=True)
    def case(visit: Visit) -> Response:
        return visit.page("staff/case.html", **_shown(visit, visit.path("case")))

    @site.post("/staff/cases/{case}/close", STAFF)
    def close(visit: Visit) -> Response:
        acts.close_case(visit.archive, visit.actor, acts.CloseCaseRequest(visit.path("case")))
        visit.say(visit.words("The case is closed: its photos and what was said in it are destroyed."))
        return visit.go("/staff/cases")

    @site.get("/staff/review", STAFF)
    def queue(visit: Visit) -> Response:
        listed = acts.list_cases(visit.archive, visit.actor, acts.ListCasesRequest())
        waiting = [c for c in listed.cases if c.waiting]
        done = [c for c in listed.cases if not c.mine and not c.waiting]
        return visit.page("staff/review.html", waiting=waiting, done=done)

    @site.get("/staff/review/{case}/{face}", STAFF, heavy=True)
    def compare(visit: Visit) -> Response:
        return _compare(visit, None)

    @site.post("/staff/review/{case}/{face}", STAFF)
    def decide(visit: Visit) -> Response:
        case, face, choice = visit.path("case"), _number(visit), visit.field("choice")
        try:
            if not choice:
                raise UsageError("No answer was given.", "Choose one; “none of these” is a good answer.")
            said = None if choice == NOBODY else choice
            acts.review_case(visit.archive, visit.actor, acts.ReviewRequest(case, face, said))
        except UsageError as err:
            return _compare(visit, err)
        visit.say(visit.words("Your answer is kept. Somebody else answers too, and does not know what you said."))
        after = acts.list_cases(visit.archive, visit.actor, acts.ListCasesRequest())
        same = next((c for c in after.cases if c.case == case and c.next is not None), None)
        return visit.go(f"/staff/review/{case}/{same.next}" if same else "/staff/review")

    @site.get("/staff/seen/{key}", STAFF)
    def picture(visit: Visit) -> Response:
        jpeg = site.lent.fetch(visit.any_session().csrf, visit.path("key"))
        if jpeg is None:
            raise NotFound("This picture can be fetched once, with its page.", "Load the page again.")
        return Response(jpeg, media_type="image/jpeg")


def _ask(visit: Visit, case: str, error: KenbaarError | None) -> Response:
    """The form, and above it the answer to what was asked just now."""
    collections = acts.list_collections(visit.archive, visit.actor, acts.ListCollectionsRequest())
    return visit.page(
        "staff/ask.html",
        status=200 if error is None else 422,
        error=error,
        bases=visit.archive.searches.bases().values(),
        collections=[c.collection for c in collections.collections],
        given={name: visit.field(name) for name in ("reason", "basis", "collection")},
        answer=_shown(visit, case) if case else None,
    )


def _shown(visit: Visit, case: str) -> dict[str, Any]:
    """A case as whoever asks may see it. Of answers nothing is passed on before two are there."""
    first = visit.query("from", "0")
    start = int(first) if first.isdecimal() and len(first) < 8 else 0
    shown = acts.show_case(visit.archive, visit.actor, acts.ShowCaseRequest(case, pictures=True, first=start))
    outcomes = shown.outcomes or ()
    faces: dict[str, list[str]] = {}
    for outcome in outcomes:
        faces.setdefault(outcome.subject, []).append(str(outcome.face + 1))
    return {
        "case": shown,
        "pictures": {face.n: _lent(visit, face.picture) for face in shown.faces},
        "known": {(o.face, a.item, a.n): _lent(visit, a.picture) for o in outcomes for a in o.appearances},
        "numbers": {subject: ", ".join(each) for subject, each in faces.items()},
        "first": start,
        "at_once": acts.PICTURES_AT_ONCE,
    }


def _compare(visit: Visit, error: KenbaarError | None) -> Response:
    """One face beside its candidates."""
    shown = acts.compare_case(visit.archive, visit.actor, acts.CompareRequest(visit.path("case"), _number(visit)))
    return visit.page(
        "staff/compare.html",
        status=200 if error is None else 400,
        error=error,
        shown=shown,
        asked=_lent(visit, shown.picture),
        candidates=[(c, [_lent(visit, one) for one in c.pictures]) for c in shown.candidates],
    )


def _number(visit: Visit) -> int:
    given = visit.path("face")
    if not given.isdecimal() or len(given) > 4:
        raise NotFound("There is no such face.", "See what waits for your answer.")
    return int(given)


def _lent(visit: Visit, jpeg: bytes | None) -> str | None:
    """The address under which this browser fetches a picture of this page, once."""
    return None if jpeg is None else f"/staff/seen/{visit.site.lent.lend(visit.any_session().csrf, jpeg)}"
