"""What there is to do: which files are there, which are new, changed, moved or gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from kenbaar.collections import Collection, CollectionStore, Item, item_id
from kenbaar.media import PASSED_OVER_KINDS, LinkPassedOver, PassedOver, PhotoFile, UnreadableFolder, walk_photos

PAGE = 500  # files noted in one transaction: few enough for flat memory, enough that the walk is not all commits


MOST_ENDINGS = 12  # told of one kind


@dataclass(frozen=True, slots=True)
class PassedOverCount:
    """How many files of a kind (a name in media.PASSED_OVER_KINDS) were passed over, and what their names end in."""

    kind: str
    files: int
    endings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a walk over the source showed. unreadable: folders that could not be listed, and why.

    links: links that lead out of the source and were passed over. passed_over: what is no photo, by kind, as
    PASSED_OVER_KINDS lists them.
    """

    files: int
    missing: int
    unreadable: tuple[UnreadableFolder, ...]
    links: int
    passed_over: tuple[PassedOverCount, ...] = ()


def note_files(
    collection: Collection, store: CollectionStore, run: str, writing: Callable[[], AbstractContextManager[None]]
) -> Found:
    """Walks the source and notes what is there, page by page; files no longer there become `missing`.

    Takes its turn to write anew for every page, so that nobody's withdrawal waits for a long walk.
    A folder that cannot be listed says nothing about its files: then nothing is marked missing in this run.
    """
    files, links, unreadable = 0, 0, []
    passed_over: dict[str, Counter[str]] = {}
    entries = walk_photos(Path(collection.source), follow_links=collection.follow_links, videos=True)
    while page := list(islice(entries, PAGE)):
        there = [e for e in page if isinstance(e, PhotoFile)]
        unreadable += [e for e in page if isinstance(e, UnreadableFolder)]
        links += sum(isinstance(e, LinkPassedOver) for e in page)
        for other in (e for e in page if isinstance(e, PassedOver)):
            endings = passed_over.setdefault(other.kind.name, Counter())
            known = other.ending in endings or len(endings) <= MOST_ENDINGS
            endings[other.ending if known else ""] += 1
        files += len(there)
        with writing():
            _note_page(collection, store, run, there)
    with writing():
        missing = 0 if unreadable else store.mark_missing(collection.name, run)
    counts = tuple(
        PassedOverCount(kind, passed_over[kind].total(), tuple(sorted(e for e in passed_over[kind] if e)))
        for kind in PASSED_OVER_KINDS
        if kind in passed_over
    )
    return Found(files, missing, tuple(unreadable), links, counts)


def _note_page(collection: Collection, store: CollectionStore, run: str, files: Iterable[PhotoFile]) -> None:
    by_path = {f.relative: f for f in files}
    known = store.items_by_path(collection.name, list(by_path))
    new, unchanged, changed = [], [], []
    for path, file in by_path.items():
        item = known.get(path)
        if item is None:
            new.append(
                Item(
                    _free_id(collection, path, store),
                    collection.name,
                    path,
                    file.size_bytes,
                    file.mtime_ns,
                    "new",
                    kind=file.kind,
                )
            )
        elif item.state in ("present", "new") and (item.size_bytes, item.mtime_ns) == (file.size_bytes, file.mtime_ns):
            unchanged.append(item.id)
        else:
            changed.append(replace(item, size_bytes=file.size_bytes, mtime_ns=file.mtime_ns))
    store.note_seen(run, new, unchanged, changed)


def _free_id(collection: Collection, path: str, store: CollectionStore) -> str:
    """The id of that path; where a moved file took it along, the next free one."""
    attempt = 0
    while store.item(found := item_id(collection.name, path if not attempt else f"{path}\0{attempt}")) is not None:
        attempt += 1
    return found


def due_items(
    collection: Collection, store: CollectionStore, analysed_with: str, done: tuple[str, ...] | None
) -> Iterator[Item]:
    """The items that must be analysed, by path, a page at a time."""
    after = ""
    while page := store.due_items(collection.name, analysed_with, done, after, PAGE):
        yield from page
        after = page[-1].path
