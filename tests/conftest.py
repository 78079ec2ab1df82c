"""What every room's tests may ask for: a tiny pack with known answers, the real one, and the demo photographs."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest
from hypothesis import settings

# Importlib mode puts no folder on the path; with this, every room writes `from tests.modelpack.tiny_pack import ...`.
sys.path.insert(0, str(Path(__file__).parent.parent))

from kenbaar.errors import PackUnavailable
from kenbaar.packmaking import fetch_default_pack, fetch_demo_photos, fetch_dlib_pack
from tests.cheap import quick_codes
from tests.modelpack.tiny_pack import build_tiny_pack

# Everybody's run tries the same examples, so that a red build is about the change that was made. To look for new ones:
# HYPOTHESIS_PROFILE=random (CONTRIBUTING.md).
settings.register_profile("same", derandomize=True)
settings.register_profile("random", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# Begun in the background by a shell, a run ignores Ctrl-C, and so would every command that it starts and stops.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Archives make every write last (fsync), and no test takes the power away: in memory that costs nothing, and room is
# made again after each test. Who asks for another place (--basetemp, PYTEST_DEBUG_TEMPROOT) gets it.
_IN_MEMORY, _ENOUGH_BYTES = Path("/dev/shm"), 8_000_000_000
if _IN_MEMORY.is_mount() and shutil.disk_usage(_IN_MEMORY).free > _ENOUGH_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_IN_MEMORY))


def _cache() -> Path:
    """The user's own cache, as settings.py has it: the real pack is fetched once for all runs."""
    return Path(os.environ.get("KENBAAR_CACHE") or platformdirs.user_cache_path("kenbaar"))


@pytest.fixture
def true_codes() -> None:
    """For tests in which a process of its own opens a code or takes a passphrase: both take as long as for people."""


@pytest.fixture(autouse=True)
def stretched_codes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Everywhere but in tests of codes, and where a process of its own opens one, codes and passphrases are quick."""
    if "true_codes" in request.fixturenames or "keys" in request.path.parts:
        yield
    else:
        with quick_codes():
            yield


@pytest.fixture(scope="session")
def default_pack_folder() -> Path:
    """The real default pack, fetched if this machine does not have it yet. Tests that use it are slow ones."""
    return fetch_default_pack(_cache(), lambda _: None)


@pytest.fixture(scope="session")
def dlib_pack() -> Path:
    """The folder of the dlib pack, which was default 1: 100 MB, fetched once. Skips where it cannot be had."""
    try:
        return fetch_dlib_pack(_cache(), lambda _: None)
    except PackUnavailable as err:
        pytest.skip(str(err))


@pytest.fixture(scope="session")
def tiny_pack_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real pack with known answers, a few milliseconds a photo: see tests/modelpack/tiny_pack.py."""
    return build_tiny_pack(tmp_path_factory.mktemp("packs") / "tiny")


@pytest.fixture(scope="session")
def demo_photos() -> Path:
    """The folder of the demo's photographs (file names in fetch_demo_photos), fetched if they are not there yet."""
    return fetch_demo_photos(_cache(), lambda _: None)
