"""The invitation: read, answer purpose by purpose, hand in photos, get the receipt and the code."""

from __future__ import annotations

from starlette.responses import Response

from kenbaar import acts
from kenbaar.consent import Purpose, open_sessions
from kenbaar.errors import KenbaarError
from kenbaar.policy import Event, subject_actor
from kenbaar.web._rates import network_of
from kenbaar.web._site import ANYBODY, WEB, Site, Visit
from kenbaar.web._uploads import as_files, text_of

MISSES, PER_S = 60, 600.0  # of one network: whole schools enrol from one


def add(site: Site) -> None:
    """Enters them."""

    @site.get("/i/{token}", ANYBODY)
    def open_link(visit: Visit) -> Response:
        visit.begin_session().token = visit.path("token")
        return visit.go("/invitation")  # so that the token is in no address that stays

    @site.get("/invitation", ANYBODY)
    def invitation(visit: Visit) -> Response:
        return _form(visit, None)

    @site.post("/invitation/token", ANYBODY)
    def typed(visit: Visit) -> Response:
        visit.any_session().token = visit.field("token")
        return visit.go("/invitation")

    @site.post("/invitation", ANYBODY, heavy=True)
    def enrol(visit: Visit) -> Response:
        network = network_of(visit.request.client.host if visit.request.client else None)
        session = visit.any_session()
        agreed, photos = visit.fields("agree"), visit.files("photo")
        portrait = visit.files("portrait")[:1]
        try:
            with site.rates.misses("enrol", network, MISSES, PER_S), as_files([*photos, *portrait]) as paths:
                enrolled = acts.enrol(
                    visit.archive,
                    WEB,
                    acts.EnrolRequest(
                        session.token or "",
                        agreed,
                        () if visit.field("by_hand") else paths[: len(photos)],
                        portrait=paths[-1] if portrait else None,
                        codes=(visit.field("code"),) if visit.field("code") else (),
                        language=visit.words.language,
                    ),
                )
        except KenbaarError as err:
            return _form(visit, err)
        themselves, key = subject_actor(enrolled.subject), None
        if (code := enrolled.code) is not None:
            opened = open_sessions(visit.archive.consents, [code], Event.ENROL, WEB)
            key = opened.of(enrolled.subject)
        elif not enrolled.renewed:
            code = acts.new_code(visit.archive, themselves, acts.NewCodeRequest(enrolled.subject)).code
        session = visit.begin_session()
        session.kind, session.actor, session.key = "person", themselves, key
        session.way_in = visit.archive.access.way_in(code) if key is None and code is not None else None
        site.sessions.prove(session)
        return visit.page(
            "enrolled.html",
            enrolled=enrolled,
            code=code,
            holds=enrolled.code is not None,
            receipt=text_of(enrolled.receipt),
        )


def _form(visit: Visit, error: KenbaarError | None) -> Response:
    """The invitation, or the field for its token where none was opened."""
    token = visit.session.token if visit.session else None
    if not token:
        return visit.page("invitation_token.html", status=200 if error is None else 410, error=error)
    try:
        offered = acts.offer(visit.archive, WEB, acts.OfferRequest(token, visit.words.language))
    except KenbaarError as err:
        visit.any_session().token = None
        return visit.page("invitation_token.html", status=410, error=err)
    status = 200 if error is None else 422
    purposes = [Purpose.parse(p) for p in offered.purposes]
    return visit.page("invitation.html", status=status, offered=offered, purposes=purposes, error=error)
