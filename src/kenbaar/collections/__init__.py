"""Where pictures live, who is said to be in them, and the items found there.

Rules: a collection's mode decides what may be embedded (`permit`), and nothing else can; originals stay where they are
and are never copied; of faces, only where they are is kept; of people, only those with consent.

    desk = Collections(store, consents, ledger, clock)
    desk.add(actor, "party", "/photos/party", mode="off")
    permit = desk.permit(desk.get("party"))
    permit.scope                       # "none", "claimed" or "all"
    store.appearances_of("s-7xk2m9qa")
    store.faces("i-0123456789ab")
"""

from kenbaar.collections._desk import Collections, EmbeddingPermit, item_id
from kenbaar.collections._records import (
    Appearance,
    Band,
    Collection,
    CollectionStore,
    How,
    Item,
    ItemState,
    LookResult,
    Mode,
    Rejection,
)

__all__ = [
    "Appearance",
    "Band",
    "Collection",
    "CollectionStore",
    "Collections",
    "EmbeddingPermit",
    "How",
    "Item",
    "ItemState",
    "LookResult",
    "Mode",
    "Rejection",
    "item_id",
]
