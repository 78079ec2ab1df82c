"""Accounts: made by somebody, accepted by their owner, signed in to with a passphrase, and ended."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from kenbaar.errors import KenbaarError, NotFound, SignInRefused, StaffRefused, TokenRefused, UsageError
from kenbaar.keys import CROCKFORD, is_passphrase, new_token, passphrase_verifier, token_hash
from kenbaar.ledger import Act, Journal, require_permission
from kenbaar.policy import ROLES, Actor, Event, RoleName
from kenbaar.staff._names import is_same_name
from kenbaar.staff._records import StaffAccount, StaffStore

LONGEST = timedelta(days=366)
LONGEST_TRIAL = timedelta(days=14)
TOKEN_DAYS = 30
SHORTEST_PASSPHRASE = 12  # characters; NIST SP 800-63B-4 asks for 15 where it is the only factor, 8 beside another one
# NIST SP 800-63B-4, 3.2.2, and OWASP ASVS 4.0, 2.2.1: waits that grow, and no lock by which a colleague shuts another
# out (CWE-645). Some 40 guesses an hour at most; ASVS allows 100.
MOST_MISSES = 5  # wrong passphrases within MISSES_COUNT; from then on each is followed by a wait
MISSES_COUNT = timedelta(minutes=15)
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=8), timedelta(minutes=2)  # it doubles with each
_SIGN_IN = "sign in"
_WAITED = "SignInWaits"  # how a try is called in the ledger during such a wait: it makes the wait no longer


@dataclass(frozen=True, slots=True)
class InvitedStaff:
    """A new account and the token that lets its owner accept it, once. The token is kept nowhere."""

    account: str
    token: str = field(repr=False)
    until: datetime


class Staff:
    """The accounts of one archive."""

    def __init__(
        self,
        store: StaffStore,
        journal: Journal,
        recent: Callable[[datetime, frozenset[Event]], Iterable[Act]],
        is_known: Callable[[str], bool],
    ) -> None:
        """recent: the acts of these kinds since then. is_known: whether somebody with that id is enrolled."""
        self.store, self._journal, self._recent, self._is_known = store, journal, recent, is_known

    def invite(
        self,
        actor: Actor,
        name: str,
        role: RoleName,
        until: date,
        *,
        trial: bool = False,
        subject: str | None = None,
    ) -> InvitedStaff:
        """A new account for somebody, and its token. One person has one account: two would be both pairs of eyes."""
        require_permission(Event.STAFF_INVITE, actor, None)
        now, name = self._journal.now(), _checked_name(name)
        if role not in ROLES:
            raise UsageError("There is no such role.", f"Use {', '.join(ROLES)}.")
        if subject is not None and not self._is_known(subject):
            raise NotFound(f"There is no subject {subject}.", "See `kenbaar subjects`, or leave --subject out.")
        if not now.date() <= until < (now + LONGEST).date():
            raise UsageError(
                f"The end date {until} has passed, or is more than a year away.", "Give --until a day within a year."
            )
        end = datetime.combine(until, time.min, UTC) + timedelta(days=1)
        token = new_token("ks")
        account = StaffAccount(
            id="a-" + "".join(secrets.choice(CROCKFORD) for _ in range(8)),
            name=name,
            role=role,
            subject=subject,
            trial=trial,
            approved_by=actor.account_name,
            invited_at=now,
            until=min(end, now + LONGEST_TRIAL) if trial else end,
            token_hash=token_hash(token),
        )
        with self._journal.writing():
            self._refuse_second(account, now)
            self._journal.record(
                Event.STAFF_INVITE,
                actor,
                staff=account.id,
                role_given=role,
                until=account.until.isoformat(),
                trial=trial,
            )
            self.store.put(account)
        return InvitedStaff(account.id, token, account.until)

    def accept(self, token: str, passphrase: str) -> StaffAccount:
        """The account, with its owner's passphrase. Raises TokenRefused, UsageError."""
        account = self._by_token(token)
        if len(passphrase) < SHORTEST_PASSPHRASE:
            raise UsageError(
                f"That passphrase has fewer than {SHORTEST_PASSPHRASE} characters.", "Use a few words that go together."
            )
        salt = secrets.token_bytes(16)
        verifier = passphrase_verifier(passphrase, salt)
        with self._journal.writing():
            account = self._by_token(token)  # again: nobody else accepts it now
            owner = Actor("staff", account.id, account.role)
            self._journal.record(Event.STAFF_ACCEPT, owner, staff=account.id)
            accepted = replace(account, token_hash=None, accepted_at=self._journal.now(), salt=salt, verifier=verifier)
            self.store.put(accepted)
        return accepted

    def sign_in(self, through: Actor, account_id: str, passphrase: str) -> Actor:
        """Who acts from now on. One sentence, and the same time, for whatever is wrong; each miss is in the ledger.

        through: the account of the shell or program by which somebody signs in: misses of each are counted apart, so
        that nobody on the web keeps somebody at the machine out.
        """
        account, now = self.store.get(account_id), self._journal.now()
        waits = self._waits(through, account_id, now)
        usable = account if account is not None and account.accepted_at and account.is_living(now) else None
        salt = (usable.salt if usable else None) or bytes(16)
        right = is_passphrase(passphrase, salt, (usable.verifier if usable else None) or b"")
        if usable is None or not right or waits:
            self._missed(through, account.id if account else None, _WAITED if waits else SignInRefused.__name__)
            raise SignInRefused(
                "That account cannot be signed in to: it is not known here, over or not accepted, the passphrase is "
                f"another, or it was wrong {MOST_MISSES} times.",
                f"Check both; after {MOST_MISSES} misses wait {LONGEST_WAIT.seconds // 60} minutes. "
                "An officer sees the accounts with `kenbaar staff list`.",
            )
        return Actor("staff", usable.id, usable.role, account=None)

    def all(self) -> list[StaffAccount]:
        """Every account, the oldest first."""
        return self.store.all()

    def colleague(self, account: str) -> StaffAccount | None:
        """Whose an account is; None where there is none."""
        return self.store.get(account)

    def end(self, actor: Actor, account_id: str) -> StaffAccount:
        """Ends an account, from its owner's next act on. Raises NotFound."""
        require_permission(Event.STAFF_END, actor, None)
        account = self.store.get(account_id)
        if account is None or account.ended_at is not None:
            raise NotFound(f"There is no account {account_id} to be ended.", "See `kenbaar staff list`.")
        with self._journal.writing(in_doubt=True):
            self._journal.record(Event.STAFF_END, actor, staff=account_id)
            return self._ended(account, self._journal.act_time())

    def replay(self, account_id: str, at: datetime) -> None:
        """An end that the ledger tells and the records do not know: the records are a backup."""
        account = self.store.get(account_id)
        if account is not None and account.ended_at is None:
            self._ended(account, at)

    def _ended(self, account: StaffAccount, at: datetime) -> StaffAccount:
        ended = replace(account, ended_at=at, token_hash=None, salt=None, verifier=None)
        self.store.put(ended)
        return ended

    def _by_token(self, token: str) -> StaffAccount:
        account, now = self.store.by_token(token_hash(token)), self._journal.now()
        if account is None or not account.is_living(now) or now >= account.invited_at + timedelta(days=TOKEN_DAYS):
            raise TokenRefused(
                "This token opens no account: it was used, has expired, or is not of this archive.",
                "Ask whoever invited you for a new one.",
            )
        return account

    def _refuse_second(self, new: StaffAccount, now: datetime) -> None:
        for known in self.store.all():
            same = is_same_name(known.name, new.name)
            if known.is_living(now) and (same or (new.subject is not None and known.subject == new.subject)):
                raise StaffRefused(
                    f"That person has an account already ({known.id}): with two they could be two reviewers.",
                    "End the other first (`kenbaar staff end`); of two people with one name, write more of it.",
                )

    def _waits(self, through: Actor, account: str, now: datetime) -> bool:
        """Whether it is too soon after too many misses. Counted in the ledger: who restores records loses no miss.

        What is tried during a wait makes it no longer: who keeps trying keeps nobody out for more than LONGEST_WAIT.
        """
        missed = []
        for act in self._recent(now - MISSES_COUNT, frozenset({Event.REFUSED})):
            said = act.payload or {}
            by_them = said.get("by") == through.name and said.get("why") == SignInRefused.__name__
            if by_them and said.get("act") == f"{_SIGN_IN} {account}":
                missed.append(act.at)
        return len(missed) >= MOST_MISSES and now < max(missed) + wait_after(len(missed))

    def _missed(self, through: Actor, account: str | None, why: str) -> None:
        with self._journal.writing(in_doubt=True):
            act = f"{_SIGN_IN} {account}" if account else _SIGN_IN
            self._journal.record(Event.REFUSED, through, act=act, why=why)


def wait_after(misses: int) -> timedelta:
    """How long an account waits after that many misses: from MOST_MISSES on it doubles, up to LONGEST_WAIT."""
    if misses < MOST_MISSES:
        return timedelta(0)
    return min(LONGEST_WAIT, SHORTEST_WAIT * (1 << min(misses - MOST_MISSES, 10)))


def _checked_name(name: str) -> str:
    name = unicodedata.normalize("NFC", " ".join(name.split()))
    if not name or len(name) > 200 or any(unicodedata.category(c) in ("Cc", "Cs", "Cf") for c in name):
        raise _bad_name()
    return name


def _bad_name() -> KenbaarError:
    return UsageError(
        "That name is empty, longer than 200 characters, or holds control characters.", "Write it plainly."
    )
