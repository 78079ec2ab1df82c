"""Who of the people who agreed is on these faces? A name, "undecided", or "unknown"; never a score.

- Exact: one matrix product over every row. The same probes and gallery give the same decisions on any block size;
  what decides is computed again in float64 for the few pairs that come near the threshold.
- "Unknown" is the default answer. Of two people who look alike on a face none is named: that is "undecided".
- One person at most once per picture.
- A threshold belongs to one pack and one gallery size, and tightens by itself as the gallery grows.
- Probes are compared with people who agreed, never with each other, and nothing of them is kept.
- For people with a look-alike in the gallery more is asked. Who they are is worked out where it decides something, and
  forgotten with the gallery.

    decisions = match_faces(probes, gallery, threshold)                      # one Decision per probe, of one picture
    assert [d.subject for d in decisions] == [ada, None]                     # the other is "unknown"
    barred = match_faces(probes, gallery, threshold, barred={(0, ada)})      # "this is not me"
    assert barred[0].subject is None
    assert compare_one(probes[0], gallery, ada, threshold).subject == ada    # "this is me": 1:1
    find_lookalikes(probes[1].vector, gallery, threshold)                    # at enrolment: whom to be stricter about
    rank_candidates(probes, gallery, threshold)          # "who is this?": at most 3 a face, ranked, with a band
"""

from kenbaar.matching._decide import Band, Decision, Outcome, match_faces
from kenbaar.matching._look_alikes import any_look_alike
from kenbaar.matching._pairs import exact_scores
from kenbaar.matching._rank import MOST_CANDIDATES, Candidate, candidates, rank_candidates
from kenbaar.matching._single import compare_one, find_lookalikes
from kenbaar.matching._threshold import LOOKALIKE_DECADES, Threshold

__all__ = [
    "LOOKALIKE_DECADES",
    "MOST_CANDIDATES",
    "Band",
    "Candidate",
    "Decision",
    "Outcome",
    "Threshold",
    "any_look_alike",
    "candidates",
    "compare_one",
    "exact_scores",
    "find_lookalikes",
    "match_faces",
    "rank_candidates",
]
