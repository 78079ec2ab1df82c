"""Signing in and out, of people and of staff; showing once more who one is."""

from __future__ import annotations

from contextlib import AbstractContextManager

from starlette.responses import Response

from kenbaar import acts
from kenbaar.consent import attempted, open_sessions
from kenbaar.errors import KenbaarError, WrongCode
from kenbaar.keys import CodeSession, RecoveryCode
from kenbaar.policy import Actor, Event, subject_actor
from kenbaar.web._rates import network_of
from kenbaar.web._sessions import Session
from kenbaar.web._site import ANYBODY, WEB, Site, Visit
from kenbaar.web.pages.public import local_path

MISSES, PER_S = 20, 600.0  # of one network; an account waits by itself after five (kenbaar.staff)


def add(site: Site) -> None:
    """Enters them."""

    @site.get("/staff/accept/{token}", ANYBODY)
    def open_account_link(visit: Visit) -> Response:
        visit.begin_session().token = visit.path("token")
        return visit.go("/staff/accept")  # so that the token is in no address that stays

    @site.get("/staff/accept", ANYBODY)
    def accept_form(visit: Visit) -> Response:
        return visit.page("staff/accept.html", has_token=bool(visit.session and visit.session.token), error=None)

    @site.post("/staff/accept", ANYBODY)
    def accept(visit: Visit) -> Response:
        session = visit.any_session()
        token, passphrase = visit.field("token") or session.token or "", visit.field("passphrase")
        try:
            if passphrase != visit.field("again"):
                return _accept_again(visit, visit.words("The two passphrases are not the same."))
            with misses_counted(visit):
                account = acts.accept_staff(visit.archive, WEB, acts.AcceptStaffRequest(token, passphrase))
            _staff_signs_in(visit, account.account, passphrase)
        except KenbaarError as err:
            return _accept_again(visit, err)
        visit.say(
            visit.words(
                "Your account is %(account)s. You sign in with it and your passphrase.", account=account.account
            )
        )
        return visit.go("/staff")

    @site.get("/staff/sign-in", ANYBODY)
    def staff_form(visit: Visit) -> Response:
        return visit.page("staff/sign_in.html", error=None)

    @site.post("/staff/sign-in", ANYBODY)
    def staff_sign_in(visit: Visit) -> Response:
        try:
            with misses_counted(visit):
                _staff_signs_in(visit, visit.field("account"), visit.field("passphrase"))
        except KenbaarError as err:
            return visit.page("staff/sign_in.html", status=401, error=err)
        return visit.go("/staff")

    @site.get("/sign-in", ANYBODY)
    def person_form(visit: Visit) -> Response:
        return visit.page("sign_in.html", error=None)

    @site.post("/sign-in", ANYBODY)
    def person_sign_in(visit: Visit) -> Response:
        try:
            with misses_counted(visit):
                _person_signs_in(visit, visit.field("code"))
        except KenbaarError as err:
            return visit.page("sign_in.html", status=401, error=err)
        return visit.go("/mine")

    @site.get("/c/{token}", ANYBODY)
    def open_code_link(visit: Visit) -> Response:
        visit.begin_session().code_link = visit.path("token")
        return visit.go("/new-code")  # so that the token is in no address that stays

    @site.get("/new-code", ANYBODY)
    def new_code_form(visit: Visit) -> Response:
        return _new_code_page(visit)

    @site.post("/new-code", ANYBODY)
    def new_code(visit: Visit) -> Response:
        token = visit.any_session().code_link or ""
        try:
            with misses_counted(visit):
                made = acts.open_code_link(visit.archive, WEB, acts.OpenCodeLinkRequest(token))
        except KenbaarError as err:
            visit.any_session().code_link = None
            return _new_code_page(visit, error=err)
        visit.archive.on_screen.forget(made.subject)
        site.sessions.end_all_of(subject_actor(made.subject))
        sign_in_person(visit, made.subject, None, visit.archive.access.way_in(made.code))
        return _new_code_page(visit, code=made.code)

    @site.post("/sign-out", ANYBODY)
    def sign_out(visit: Visit) -> Response:
        visit.sign_out()
        return visit.go("/")

    @site.get("/prove", ANYBODY)
    def prove_form(visit: Visit) -> Response:
        if visit.session is None or visit.session.kind == "nobody":
            return visit.go("/")
        return visit.page("prove.html", back=local_path(visit.query("next", "/")), error=None)

    @site.post("/prove", ANYBODY)
    def prove(visit: Visit) -> Response:
        session, back = visit.session, local_path(visit.field("next", "/"))
        if session is None or session.kind == "nobody":
            return visit.go("/")
        try:
            with misses_counted(visit):
                _proves(visit, session)
        except KenbaarError as err:
            return visit.page("prove.html", status=401, back=back, error=err)
        site.sessions.prove(session)
        return visit.go(back)


def _new_code_page(visit: Visit, *, code: str | None = None, error: KenbaarError | None = None) -> Response:
    has_token = bool(visit.session and visit.session.code_link)
    status = 410 if error is not None else 200
    return visit.page("new_code.html", status=status, code=code, error=error, has_token=has_token)


def _proves(visit: Visit, session: Session) -> None:
    """Whoever is signed in shows it once more. Raises SignInRefused, WrongCode."""
    if session.kind == "staff":
        visit.archive.staff.sign_in(WEB, visit.actor.name, visit.field("passphrase"))
        return
    subject, key = _opened(visit, visit.field("code"))
    if subject != visit.subject:
        raise WrongCode("That code is somebody else's.", "Give your own.")
    session.forget_key()
    session.key = key


def _opened(visit: Visit, code: str) -> tuple[str, CodeSession | None]:
    """Whose code it is, and what it opens: nothing where the organisation holds their key. Misses are in the ledger."""
    consents = visit.archive.consents
    whose = RecoveryCode.parse(code).subject
    person = consents.store.subject(whose)
    if person is not None and person.holder == "subject":
        return whose, open_sessions(consents, [code], Event.FIND, WEB, whose).of(whose)
    with attempted(consents, Event.FIND, WEB, whose):
        return visit.archive.access.subject_of(code), None


def misses_counted(visit: Visit) -> AbstractContextManager[None]:
    """Misses alone: whole schools come from one network, and each of them signs in."""
    network = network_of(visit.request.client.host if visit.request.client else None)
    return visit.site.rates.misses("sign in", network, MISSES, PER_S)


def _accept_again(visit: Visit, error: KenbaarError | str) -> Response:
    said = {"what": error, "do": ""} if isinstance(error, str) else error
    has_token = bool(visit.session and visit.session.token)
    return visit.page("staff/accept.html", status=400, has_token=has_token, error=said)


def _staff_signs_in(visit: Visit, account: str, passphrase: str) -> None:
    sign_in_staff(visit, visit.archive.staff.sign_in(WEB, account, passphrase))


def sign_in_staff(visit: Visit, actor: Actor, way_in: str | None = None) -> None:
    """That account is signed in from now on. way_in: the passkey that did it, with which the session ends."""
    session = visit.begin_session()
    session.way_in = way_in
    session.kind, session.actor = "staff", actor
    visit.site.sessions.prove(session)


def _person_signs_in(visit: Visit, code: str) -> None:
    """By their code; where they hold their key it opens it for as long as the session is used. Raises WrongCode."""
    subject, key = _opened(visit, code)
    sign_in_person(visit, subject, key, visit.archive.access.way_in(code) if key is None else None)


def sign_in_person(visit: Visit, subject: str, key: CodeSession | None, way_in: str | None) -> None:
    """That person is signed in from now on. key: what their code opens, where they hold their own. way_in: the code or
    passkey otherwise, with which the session ends."""
    session = visit.begin_session()
    session.way_in = way_in
    session.kind, session.actor, session.key = "person", subject_actor(subject), key
    visit.site.sessions.prove(session)
