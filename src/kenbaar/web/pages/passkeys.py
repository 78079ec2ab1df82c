"""Passkeys: made, used to sign in or to show once more who one is, and taken away. Scripts of ours talk to these."""

from __future__ import annotations

from starlette.responses import Response
from webauthn.helpers import bytes_to_base64url

from kenbaar import acts
from kenbaar.consent import attempted
from kenbaar.errors import KenbaarError, RoleRefused, UsageError
from kenbaar.policy import Actor, Event
from kenbaar.web._passkeys import CHALLENGE_S, credential_id_of, options_with, refused, wrapped_of
from kenbaar.web._site import ANYBODY, PERSON, STAFF, WEB, Site, Visit, status_of
from kenbaar.web.pages.public import local_path
from kenbaar.web.pages.signing_in import misses_counted, sign_in_person, sign_in_staff


def add(site: Site) -> None:
    """Enters them."""

    @site.post("/passkeys/new", ANYBODY)
    def new(visit: Visit) -> Response:
        return _told(visit, _new)

    @site.post("/passkeys", ANYBODY)
    def keep(visit: Visit) -> Response:
        return _told(visit, _keep)

    @site.post("/passkeys/ask", ANYBODY)
    def ask(visit: Visit) -> Response:
        session = visit.any_session()
        challenge, options = site.passkeys.request()
        session.challenge = (challenge, site.sessions.now())
        return visit.tell(options_with(options, salt=site.passkeys.salt, csrf=session.csrf))

    @site.post("/passkeys/answer", ANYBODY)
    def answer(visit: Visit) -> Response:
        return _told(visit, _answer)

    @site.post("/mine/passkeys/remove", PERSON, fresh=True)
    def remove_mine(visit: Visit) -> Response:
        request = acts.RemovePasskeyRequest(visit.subject, visit.field("passkey"))
        acts.remove_passkey(visit.archive, visit.actor, request)
        site.sessions.end_all_of(visit.actor, but=visit.session)
        return visit.go("/mine/choices")

    @site.get("/staff/account", STAFF)
    def account(visit: Visit) -> Response:
        listed = acts.list_passkeys(visit.archive, visit.actor, acts.PasskeysRequest(None)).passkeys
        return visit.page("staff/account.html", passkeys=listed)

    @site.post("/staff/account/passkeys/remove", STAFF, fresh=True)
    def remove_staffs(visit: Visit) -> Response:
        acts.remove_passkey(visit.archive, visit.actor, acts.RemovePasskeyRequest(None, visit.field("passkey")))
        site.sessions.end_all_of(visit.actor, but=visit.session)
        return visit.go("/staff/account")


def _told(visit: Visit, does: object) -> Response:
    """What a script asked, with a refusal as words for it to show."""
    try:
        told = does(visit)  # type: ignore[operator]
    except KenbaarError as err:
        said = {"what": visit.words.sentence(err.what), "do": visit.words.sentence(err.do)}
        return visit.tell(said, status_of(err))
    return visit.tell(told)


def _owner(visit: Visit) -> str | None:
    """Whose passkeys: the person's signed in; None for an account of staff. Raises RoleRefused where nobody is."""
    session = visit.session
    if session is None or session.kind == "nobody":
        raise RoleRefused("Nobody is signed in.", "Sign in first.")
    return visit.subject if session.kind == "person" else None


def _new(visit: Visit) -> dict[str, object]:
    subject = _owner(visit)
    site, session = visit.site, visit.any_session()
    if not site.sessions.is_fresh(session):
        raise RoleRefused("Who you are was shown too long ago.", "Sign in again, then add it.")
    organisation = visit.archive.consents.organisation
    known = visit.archive.access.passkeys(visit.actor, subject)
    challenge, options = site.passkeys.creation(organisation, visit.actor.name, visit.actor.name, known)
    session.challenge = (challenge, site.sessions.now())
    holds = subject is not None and visit.archive.consents.subject(subject).holder == "subject"
    return options_with(options, salt=site.passkeys.salt, holds=holds)


def _keep(visit: Visit) -> dict[str, object]:
    subject, untrusted = _owner(visit), visit.json()
    challenge = visit.any_session().take_challenge(visit.site.sessions.now(), CHALLENGE_S)
    if challenge is None:
        raise UsageError("The passkey could not be made.", "Try once more, or go on without one.")
    credential_id, public_key, sign_count = visit.site.passkeys.created(untrusted, challenge)
    label = str(untrusted.get("label") or "")[:100]
    request = acts.AddPasskeyRequest(
        subject, credential_id, public_key, sign_count, wrapped_of(untrusted) if subject else None, label
    )
    acts.add_passkey(visit.archive, visit.actor, request)
    return {"kept": True, "opens_key": request.wrapped is not None}


def _answer(visit: Visit) -> dict[str, object]:
    """Signs in whoever's passkey answered; of somebody who holds their own key, the page opens their code with it."""
    with misses_counted(visit):
        untrusted = visit.json()
        challenge = visit.any_session().take_challenge(visit.site.sessions.now(), CHALLENGE_S)
        credential = visit.archive.access.passkey(credential_id_of(untrusted))
        if challenge is None or credential is None:
            raise refused()
        with attempted(visit.archive.consents, Event.ACCESS, WEB, credential.owner):  # also a count that went back
            count = visit.site.passkeys.signed(untrusted, challenge, credential)
        visit.archive.access.signed(credential, count)
        back = local_path(str(untrusted.get("next") or "/"))
        account = visit.archive.staff.colleague(credential.owner)
        if account is not None:
            if not account.is_living(visit.archive.journal.now()):
                raise refused()
            actor = Actor("staff", account.id, account.role)
            if visit.session is not None and visit.session.actor == actor:
                visit.site.sessions.prove(visit.session)
                return {"next": back}
            sign_in_staff(visit, actor, credential.id)
            return {"next": "/staff"}
        person = visit.archive.consents.store.subject(credential.owner)
        if person is None or person.left_at is not None:
            raise refused()
        if person.holder == "subject":  # it is their code that signs in: only their device opens it
            if credential.wrapped is None:
                raise refused()
            return {"wrapped": bytes_to_base64url(credential.wrapped), "next": back}
        if visit.session is not None and visit.session.kind == "person" and visit.subject == person.id:
            visit.site.sessions.prove(visit.session)
            return {"next": back}
        sign_in_person(visit, person.id, None, credential.id)
        return {"next": "/mine"}
