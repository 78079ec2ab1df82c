"""Every refusal Kenbaar makes, in one tree. Rooms raise them; the edges translate them, once."""

from __future__ import annotations


class KenbaarError(Exception):
    """What happened and what to do about it. Never a name, a face or a vector; people are told by id.

    KenbaarError                                            exit
    ├── UsageError          the words of the call are off        2
    ├── Refused             not without consent, or not here     3
    │   ├── ConsentMissing, ConsentExpired, ConsentWithdrawn
    │   ├── KeyDestroyed    the key that consent was is gone
    │   ├── WrongCode       the recovery code does not fit
    │   ├── TokenRefused    invitation spent, expired or unknown
    │   ├── ModeRefused     this collection's mode or this jurisdiction does not allow it
    │   ├── RoleRefused     not for this role
    │   ├── SignInRefused   not with this account and passphrase
    │   ├── StaffRefused    no such account for that person
    │   ├── Cancelled       stopped by whoever waited for it
    │   ├── ClaimRefused    the face does not match the person's own template
    │   ├── SearchRefused   this account has asked too much, or what nobody may ask for
    │   ├── CaseRefused     no case that this account may work on
    │   ├── ClockInDoubt    this machine's clock is far ahead of the last act here
    │   └── Busy            somebody else is doing this right now
    ├── Unusable            the input cannot be used             4
    │   ├── PhotoUnreadable, PhotoTooLarge
    │   ├── ReaderUnavailable
    │   ├── EnrolmentRefused  no face, two faces, too small, too blurred, turned, dark, not one person
    │   ├── BadTemplate, WrongModelPack, TemplateUnreadable
    │   ├── TooFewPeople    a rate cannot be measured, or a claim not carried, by the people at hand
    │   ├── PackUnavailable the model pack could not be fetched or is not there
    │   ├── NotFound        no such subject, item or collection
    │   ├── SettingsError
    │   └── NoSpace         the disk is full
    └── IntegrityBroken     something was changed behind us      6
        ├── LedgerBroken, KeyStoreBroken, SealBroken, PackBroken, ReceiptBroken, ArchiveBroken
    """

    exit_code = 1

    def __init__(self, what: str, do: str) -> None:
        """What happened (one sentence), and what to do (one sentence). Both in args: the error survives a pickle."""
        super().__init__(what, do)
        self.what, self.do = what, do

    def __str__(self) -> str:
        return f"{self.what} {self.do}"


class UsageError(KenbaarError):
    """The words of the call are off."""

    exit_code = 2


class Refused(KenbaarError):
    """Not without consent, not in this mode, or not allowed here."""

    exit_code = 3


class ConsentMissing(Refused):
    """Nobody agreed to this."""


class ConsentExpired(Refused):
    """The end date has passed."""


class ConsentWithdrawn(Refused):
    """The person took it back."""


class KeyDestroyed(Refused):
    """The key that this consent was is gone, so nothing can open what it sealed."""


class ClockInDoubt(Refused):
    """This machine's clock is far ahead of the last act here, and nobody has said that it is right."""


class WrongCode(Refused):
    """The recovery code is not the one."""


class TokenRefused(Refused):
    """The invitation is spent, has expired, or never was."""


class ModeRefused(Refused):
    """The collection's mode or the jurisdiction does not allow it."""


class Cancelled(Refused):
    """Whoever waited for it stopped it. What was done stays done."""


class RoleRefused(Refused):
    """Not for whoever acts: their role does not permit it."""


class SignInRefused(Refused):
    """Nobody is signed in: which of account, passphrase and end date is the reason is not told."""


class StaffRefused(Refused):
    """No such account is made for that person."""


class ClaimRefused(Refused):
    """The claimed face does not match the claimer's own template."""


class SearchRefused(Refused):
    """More was asked than one account may, or on no basis."""


class CaseRefused(Refused):
    """There is no such open case for whoever asks: unknown, closed, or not theirs; which of these is not told."""


class Busy(Refused):
    """Another process is doing the same thing right now."""


class Unusable(KenbaarError):
    """The input cannot be used."""

    exit_code = 4


class PhotoUnreadable(Unusable):
    """Not a photo that can be opened."""


class PhotoTooLarge(PhotoUnreadable):
    """The header promises more pixels or bytes than allowed; nothing was decoded."""


class VideoUnreadable(PhotoUnreadable):
    """Not a video that can be opened, or one that is too large."""


class ReaderUnavailable(Unusable):
    """No process can be started that reads photos: nothing is known about any of them."""


class EnrolmentRefused(Unusable):
    """These photos cannot make a template; the sentence says why and which."""


class BadTemplate(Unusable):
    """Not a unit float32 vector."""


class WrongModelPack(Unusable):
    """Two packs' templates cannot be compared."""


class TemplateUnreadable(Unusable):
    """The sealed template does not open with its key: altered, swapped, or another's."""

    exit_code = 6


class TooFewPeople(Unusable):
    """The people at hand are too few to measure this, or to carry this claim; the sentence says how many it takes."""


class PackUnavailable(Unusable):
    """The model pack is not there, or could not be fetched."""


class NotFound(Unusable):
    """No such subject, item or collection."""


class NotSealed(Unusable):
    """The archive was made before consent's facts were sealed with its keys; `kenbaar seal` does it once."""


class SettingsError(Unusable):
    """The settings cannot be read; they are neither ignored nor overwritten."""


class NoSpace(Unusable):
    """The disk is full; nothing half-written was kept."""


class IntegrityBroken(KenbaarError):
    """Something was changed behind Kenbaar's back."""

    exit_code = 6


class LedgerBroken(IntegrityBroken):
    """The ledger was edited, cut, swapped or forked."""


class KeyStoreBroken(IntegrityBroken):
    """The key store is missing, altered, or not this archive's."""


class SealBroken(IntegrityBroken):
    """Sealed bytes do not open: altered, moved, or sealed with another key."""


class PackBroken(IntegrityBroken):
    """A pack's files do not have the digests its manifest states."""


class ReceiptBroken(IntegrityBroken):
    """A receipt or manifest was altered, or is not signed by who it says."""


class ArchiveBroken(IntegrityBroken):
    """The records contradict the keys or the ledger."""
