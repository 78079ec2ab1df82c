"""Where pictures live, who is said to be in them, and the items found there.

Rules: a collection's mode decides what may be embedded (`permit`), and nothing else can; originals stay where they are
and are never copied; of faces, only where they are is kept (a `Track`); of people, only those with consent.

    collections, store = archive.collections, archive.collections.store
    collections.add(actor, "masked", photos, mode="off")
    assert collections.permit(collections.get("masked")).scope == "none"     # else "claimed" or "all"
    ((item, appearance),) = store.appearances_of(ada)
    assert len(store.tracks(item.id)) == 2                           # hers and a stranger's
"""

from kenbaar.collections._collections import Collections, EmbeddingPermit, item_id
from kenbaar.collections._merge import merge_known, replaced_by
from kenbaar.collections._path import TrackPath
from kenbaar.collections._records import (
    Appearance,
    Certainty,
    Collection,
    CollectionStore,
    Cover,
    Hidden,
    How,
    Item,
    ItemAnalysis,
    ItemKind,
    ItemState,
    Mode,
    Moment,
    Rejection,
    Tally,
    Track,
)
from kenbaar.collections._stills import Still, still_of

__all__ = [
    "Appearance",
    "Certainty",
    "Collection",
    "CollectionStore",
    "Collections",
    "Cover",
    "EmbeddingPermit",
    "Hidden",
    "How",
    "Item",
    "ItemAnalysis",
    "ItemKind",
    "ItemState",
    "Mode",
    "Moment",
    "Rejection",
    "Still",
    "Tally",
    "Track",
    "TrackPath",
    "item_id",
    "merge_known",
    "replaced_by",
    "still_of",
]
