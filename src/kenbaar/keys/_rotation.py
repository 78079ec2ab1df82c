"""A new master key in the place of the old one, whatever happens on the way.

The steps, in this order; a crash after any of them is recovered from by the next `open_with_master`:

1. the new master key lies beside the old one, as `<name>.new`   -> taken away again
2. the store, sealed anew, lies beside the old store             -> both are taken away again
3. the new store takes the old one's place: from here on it counts  -> steps 4 and 5 are done
4. the old master key is overwritten with zeros
5. the new master key takes its place
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from kenbaar.disk import opened, overwrite, read_all, remove, sync_folder
from kenbaar.errors import KeyStoreBroken
from kenbaar.keys import _store_file as file
from kenbaar.keys._durable import locked, told_as_refusals
from kenbaar.keys._envelope import FileMasterKey
from kenbaar.keys._store import KeyStore

STEPS = (
    "new master written",
    "new store written",
    "store replaced",
    "old master overwritten",
    "new master in place",
)


def create_with_master(folder: Path, master_path: Path) -> KeyStore:
    """A new master key in a file of its own, and an empty key store in `folder` sealed under it.

    The file must not lie in the folder: backups of the two are kept apart, or a rotation would leave no noise behind.
    """
    if folder.resolve() in master_path.resolve().parents:
        raise ValueError("the master key lies apart from the key store's folder")
    with told_as_refusals(master_path):
        master_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if master_path.exists() and not master_path.stat().st_size:
            master_path.unlink()  # made and never written: an earlier call was killed there
    if master_path.exists():
        return KeyStore.create(folder, FileMasterKey(master_path))  # and an earlier call was killed here
    if (folder / "store").exists():
        raise KeyStoreBroken(
            f"There is a key store in {folder}, and its master key {master_path} is missing.",
            "Put the master key back from its own backup.",
        )
    return KeyStore.create(folder, FileMasterKey.create(master_path))


def open_with_master(
    folder: Path, master_path: Path, *, store_id: str | None = None, least_generation: int = 0
) -> KeyStore:
    """As KeyStore.open, with the master key in a file. A rotation that was cut off is finished or taken back first."""
    if _beside(master_path).exists() or (folder / "store.new").exists():
        with locked(folder, exclusive=True):  # waits for a rotation that is still going on
            _recover(folder, master_path)
    envelope = FileMasterKey(master_path)
    return KeyStore.open(folder, envelope, store_id=store_id, least_generation=least_generation)


def rotate_master(
    folder: Path,
    master_path: Path,
    *,
    at_step: Callable[[str], None] = lambda step: None,
    facts: Mapping[str, bytes] | None = None,
) -> KeyStore:
    """A new master key for the store, the old one destroyed; copies of the store made before are noise from now on.

    at_step hears each of STEPS after it is on the disk. Other processes wait meanwhile, and go on afterwards.
    facts: see KeyStore.rotate.
    """
    store = open_with_master(folder, master_path)
    beside = _beside(master_path)
    with locked(folder, exclusive=True):
        _recover(folder, master_path)
        new = FileMasterKey.create(beside)
        at_step(STEPS[0])
        try:
            store.rotate_locked(new, at_step, facts)
        except Exception:
            _recover(folder, master_path)  # a full disk: nothing half-done stays behind
            raise
        _finish(master_path, at_step)
    return open_with_master(folder, master_path)


def _recover(folder: Path, master_path: Path) -> None:
    """Finishes or takes back what a crash cut off. The lock is held.

    The store says which: the master key it names is the one that counts. Where it names neither of two, nothing is
    touched; opening will refuse it with a sentence.
    """
    beside = _beside(master_path)
    named = _named_master(folder / "store")
    if _id_or_none(beside) == named:
        _finish(master_path)
    elif _id_or_none(master_path) == named:
        with told_as_refusals(beside):
            remove(beside)
    else:
        return
    with told_as_refusals(folder / "store.new"):
        remove(folder / "store.new")


def _finish(master_path: Path, at_step: Callable[[str], None] = lambda step: None) -> None:
    with told_as_refusals(master_path):
        if master_path.exists():
            overwrite(master_path)
        at_step(STEPS[3])
        _beside(master_path).rename(master_path)
        sync_folder(master_path.parent)
        at_step(STEPS[4])


def _beside(master_path: Path) -> Path:
    return master_path.with_name(master_path.name + ".new")


def _named_master(store: Path) -> str:
    with told_as_refusals(store), opened(store, 0) as fd:
        pages = [read_all(fd, file.HEADER_BYTES, at) for at in (0, file.HEADER_BYTES)]
    headers = [header for page in pages if (header := file.parse(page)) is not None]
    return max(headers, key=lambda header: header.sequence).master_id if headers else ""


def _id_or_none(path: Path) -> str | None:
    try:
        return FileMasterKey(path).id
    except KeyStoreBroken:
        return None
