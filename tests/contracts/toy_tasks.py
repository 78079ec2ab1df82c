"""Task types with known answers, for what every engine promises: in a file that worker processes can import."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kenbaar.errors import IntegrityBroken, PackBroken, PhotoUnreadable


@dataclass(frozen=True)
class Doubling:
    """Doubles numbers; some of them are trouble. log: a folder in which every opening leaves a file."""

    log: Path
    few: int = 0
    verb: str = "doubled"
    ballast: bytes = field(default=b"", repr=False)

    def open(self) -> Callable[[int], int]:
        (self.log / f"{os.getpid()}-{time.monotonic_ns()}").write_bytes(b"")
        return _double


class Unopenable(Doubling):
    """Its setup is refused."""

    def open(self) -> Callable[[int], int]:
        raise PackBroken("The pack is not what it says.", "Fetch it again.")


REFUSED, SURPRISED, OUT_OF_MEMORY, BROKEN, DEADLY, SLOW, HOURS = range(100, 107)


def _double(number: int) -> int:
    match number:
        case 100:
            raise PhotoUnreadable("This is no photo.", "Leave it out.")
        case 101:
            raise RuntimeError("a vector of somebody: [0.1, 0.2, 0.3]")
        case 102:
            raise MemoryError
        case 103:
            raise IntegrityBroken("A record is not whole.", "Run kenbaar check.")
        case 104:
            os.kill(os.getpid(), 9)
        case 105:
            time.sleep(0.3)
        case 106:
            time.sleep(3600)
    return 2 * number
