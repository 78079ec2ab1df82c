"""Asking "who is this?": photos in, candidates as letters out, two people decide, the person sees it all.

- Nobody is compared but people with a consent to be asked about in force and, where they hold their own key, a session.
- Reason and basis are in the ledger before a photo is read; everybody who is shown as a candidate reads it.
- A name is told after two other accounts chose the same letter, the second without knowing what the first said.
- "Nobody" is the ordinary answer, and does not tell why: nobody alike, nobody agreed, a key that is not here.
- What is made of the faces dies with the answer. The photo is sealed in the case and gone when it ends, after 30 days
  at most. Each word said in a case gives it another key: an older copy of it opens nothing.

    question = Question("a caption for the yearbook", "archive", (photo.digest,))
    case = archive.searches.search(editor, question, lambda: [Probe("a.jpg", photo)], archive.packs.asked, sessions)
    assert [face.candidates for face in case.faces] == [(), ()]              # nobody here agreed to be asked about
    assert archive.reviews.show(editor, case.id)[1] == ()                    # two people named nobody yet
    archive.reviews.close(editor, case.id)
"""

from kenbaar.asking._cases import LONGEST_OPEN, Cases, is_case
from kenbaar.asking._limits import MOST_PHOTOS, probe_mark
from kenbaar.asking._records import (
    NOBODY,
    REVIEWERS,
    Case,
    CaseFace,
    CasePhoto,
    CaseStore,
    Review,
    SealedCase,
    Shown,
)
from kenbaar.asking._review import Colleague, Named, Reviews
from kenbaar.asking._search import MOST_FACES, AskedPack, Probe, Question, Searches

__all__ = [
    "LONGEST_OPEN",
    "MOST_FACES",
    "MOST_PHOTOS",
    "NOBODY",
    "REVIEWERS",
    "AskedPack",
    "Case",
    "CaseFace",
    "CasePhoto",
    "CaseStore",
    "Cases",
    "Colleague",
    "Named",
    "Probe",
    "Question",
    "Review",
    "Reviews",
    "SealedCase",
    "Searches",
    "Shown",
    "is_case",
    "probe_mark",
]
