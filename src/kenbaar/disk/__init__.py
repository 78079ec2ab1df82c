"""Files that survive a crash, locks that end with their process, and the full disk: once, for every room.

Rules: a file that people see is the old one or the whole new one; a lock is the kernel's, so that nobody has to clear
it up; what the operating system says of a full disk is told in one way. Rooms keep their own sentences where they know
more.

    target = folder / "list"
    with lock_file(folder / "lock"):                                         # waits; another process waits for us
        write_atomically(target, b"one")                                     # beside it, synced, renamed
    with writing_atomically(target) as file:                                 # the same, piece by piece
        file.write(b"two")
    with written_beside(b"three", folder) as part:                           # checked before it gets its name
        put_in_place(part, target)
    with written_below(b"four", folder, "list") as put:                      # through no link below that folder
        put()
    assert target.read_bytes() == b"four"
    assert is_full(OSError(28, "No space left on device"))                   # or the quota, or the longest file
"""

from kenbaar.disk._below import placed_below, remove_below, written_below
from kenbaar.disk._errors import is_full, system_name, tells_full
from kenbaar.disk._locks import fix_size, lock_file, lock_folder
from kenbaar.disk._writing import (
    cut,
    leftover_parts,
    opened,
    overwrite,
    part_name,
    put_in_place,
    read_all,
    remove,
    sync_folder,
    write_all,
    write_atomically,
    write_new,
    write_synced,
    writing_atomically,
    written_beside,
)

__all__ = [
    "cut",
    "fix_size",
    "is_full",
    "leftover_parts",
    "lock_file",
    "lock_folder",
    "opened",
    "overwrite",
    "part_name",
    "placed_below",
    "put_in_place",
    "read_all",
    "remove",
    "remove_below",
    "sync_folder",
    "system_name",
    "tells_full",
    "write_all",
    "write_atomically",
    "write_new",
    "write_synced",
    "writing_atomically",
    "written_below",
    "written_beside",
]
