"""The gallery: templates of people who agreed, opened for named purposes, at one moment.

- Only consent/ makes one from people's keys (measure/ makes them of made-up vectors and of people who agreed to be
  measured). There is no way to search without one, and none to make one that asks nobody.
- One matrix, one copy. Adding an index, a cache or a second copy would add a place where the withdrawn stay.
- One that was opened from an archive waits for its act: nothing is compared with it before the ledger holds that.
- A large gallery is compact: whole numbers to look through, a quarter of the memory, and the exact rows sealed on disk
  under a key that only this process has. What a search decides is the same.
- `without` and `wipe` overwrite what they remove. A gallery that was wiped refuses to be searched: "could not look"
  is never told as "nobody found".
- Nothing here is printed, logged or put in an error but counts.

    compact = CompactRows.of([rows.copy()], 16, Safe(4 * 16))                # for a large one, in the place of rows
    ids = ["s-a1b2c3d4", "s-e5f6g7h8", "s-j9k2m3n4"]
    gallery = ConsentedGallery.of(pack=pack.digest, purposes=["find"], opened_at=now, subjects=ids, rows=rows)
    assert repr(gallery) == "<ConsentedGallery: 3 subjects, 3 rows of 16, for find>"
    fewer = gallery.without({"s-a1b2c3d4"})                                  # she withdrew; the old one is empty now
    row = combine([probes[0].vector, probes[0].vector])                      # one row for one person
    fewer.wipe()                                                             # zeros where people were
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
