"""Accounts of the organisation's own people: who they are, in which role, approved by whom, until when.

- An account is made by somebody who may (an officer), accepted by its owner with a passphrase, and always has an end.
- One person has one account, under whatever look-alike name: two would be both pairs of eyes where two people decide.
- Signing in is refused in one sentence and the same time, whatever is wrong; each miss is in the ledger. After five
  misses each one is followed by a wait, of two minutes at most: a colleague locks nobody out.
- A program acts by a token of an account: in part of what the account may, until a day, and no longer than the account.
- A row that was edited is refused; an account that was ended stays so when older records are put back.

    accounts = archive.staff
    invited = accounts.invite(actor, "Mina de Vries", "reviewer", (now + timedelta(days=90)).date())
    accounts.accept(invited.token, "four words that go together")
    mina = accounts.sign_in(actor, invited.account, "four words that go together")
    assert (mina.kind, mina.role) == ("staff", "reviewer")
    accounts.end(actor, invited.account)
"""

from kenbaar.staff._names import is_same_name
from kenbaar.staff._records import StaffAccount, StaffStore
from kenbaar.staff._staff import (
    LONGEST_TRIAL,
    LONGEST_WAIT,
    MOST_MISSES,
    SHORTEST_PASSPHRASE,
    InvitedStaff,
    Staff,
    wait_after,
)
from kenbaar.staff._tokens import MadeToken, StaffToken, Tokens, TokenStore

__all__ = [
    "LONGEST_TRIAL",
    "LONGEST_WAIT",
    "MOST_MISSES",
    "SHORTEST_PASSPHRASE",
    "InvitedStaff",
    "MadeToken",
    "Staff",
    "StaffAccount",
    "StaffStore",
    "StaffToken",
    "TokenStore",
    "Tokens",
    "is_same_name",
    "wait_after",
]
