"""The gallery: templates of people who agreed, opened for named purposes, at one moment.

- Only consent/ makes one from people's keys (measure/ makes them of made-up vectors and of people who agreed to be
  measured). There is no way to search without one, and none to make one that asks nobody.
- One matrix, one copy. Adding an index, a cache or a second copy would add a place where the withdrawn stay.
- A large gallery is compact: whole numbers to look through, a quarter of the memory, and the exact rows sealed on disk
  under a key that only this process has. What a search decides is the same.
- `without` and `wipe` overwrite what they remove. A gallery that was wiped refuses to be searched: "could not look"
  is never told as "nobody found".
- Nothing here is printed, logged or put in an error but counts.

    gallery = ConsentedGallery.of(pack=pack.digest, purposes=["find"], opened_at=now, subjects=ids, rows=rows)
    gallery                                   # <ConsentedGallery: 120 subjects, 120 rows of 128, for find>
    match_faces(probes, gallery, threshold)        # kenbaar.matching
    gallery = gallery.without({"s-a1b2c3d4"}) # she withdrew; the old one is empty now
    row = combine(her_template_vectors)       # one row for one person
    gallery.wipe()                            # zeros where people were
    rows = CompactRows.of(parts, dim, Safe(4 * dim))    # kenbaar.keys.Safe; then ConsentedGallery.of(rows=rows, ...)
"""

from kenbaar.gallery._compact import COMPACT_FROM, SEGMENT_ROWS, ZERO, CompactRows, RowSafe, Segment
from kenbaar.gallery._consented import ConsentedGallery
from kenbaar.gallery._look_alikes import LookAlikes
from kenbaar.gallery._rows import combine

__all__ = [
    "COMPACT_FROM",
    "SEGMENT_ROWS",
    "ZERO",
    "CompactRows",
    "ConsentedGallery",
    "LookAlikes",
    "RowSafe",
    "Segment",
    "combine",
]
