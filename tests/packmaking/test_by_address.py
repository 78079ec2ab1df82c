"""`pack fetch NAME --url URL --sha256 DIGEST`, against a file server on loopback."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.resources import files
from pathlib import Path

import pytest

from kenbaar.errors import PackBroken, PackUnavailable, UsageError
from kenbaar.modelpack import read_manifest
from kenbaar.packmaking import WORKED, Progress, fetch_by_address
from kenbaar.packmaking._by_address import _arrive
from tests.packmaking.test_add import stand_in

DOCS = Path(__file__).parent.parent.parent / "docs"


def quiet(_: Progress) -> None:
    return None


class Server(BaseHTTPRequestHandler):
    """/file: the bytes. /moved: 302 to it. /cut: half of them. /out: 302 to a file of this machine. Else 404."""

    data = b""

    def do_GET(self) -> None:
        if self.path in ("/moved", "/out"):
            self.send_response(302)
            self.send_header("Location", "/file" if self.path == "/moved" else "file:///etc/hostname")
            self.end_headers()
        elif self.path in ("/file", "/cut"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.data)))
            self.end_headers()
            self.wfile.write(self.data if self.path == "/file" else self.data[: len(self.data) // 2])
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def served() -> Iterator[tuple[str, str]]:
    """The address of a server, and the digest of the network that it serves."""
    Server.data = stand_in(128, 1)
    server = HTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", hashlib.sha256(Server.data).hexdigest()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["/file", "/moved"])
def test_a_file_arrives_where_it_is_and_through_a_redirection(
    served: tuple[str, str], tmp_path: Path, path: str
) -> None:
    url, digest = served
    told: list[Progress] = []
    _arrive(url + path, tmp_path / "network.onnx", digest, told.append)
    assert (tmp_path / "network.onnx").read_bytes() == Server.data
    assert told[-1].done == told[-1].total == len(Server.data)


@pytest.mark.parametrize(
    ("path", "why"),
    [("/cut", "was cut"), ("/missing", "answer 404"), ("/out", "could not be fetched")],
)
def test_what_does_not_come_whole_or_leads_elsewhere_is_a_sentence(
    served: tuple[str, str], tmp_path: Path, path: str, why: str
) -> None:
    url, digest = served
    with pytest.raises(PackUnavailable, match=why):
        _arrive(url + path, tmp_path / "network.onnx", digest, quiet)


def test_a_file_of_another_digest_is_refused_and_its_own_is_told(served: tuple[str, str], tmp_path: Path) -> None:
    url, digest = served
    with pytest.raises(PackUnavailable, match=digest):
        _arrive(url + "/file", tmp_path / "network.onnx", "0" * 64, quiet)


def test_a_server_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PackUnavailable, match="could not be fetched"):
        _arrive("http://127.0.0.1:9/file", tmp_path / "network.onnx", "0" * 64, quiet)


@pytest.mark.parametrize(
    ("name", "url", "digest"),
    [
        ("other", "http://127.0.0.1/x", "0" * 64),
        ("sface", "file:///etc/hostname", "0" * 64),
        ("sface", "ftp://127.0.0.1/x", "0" * 64),
        ("sface", "http://127.0.0.1/x", "abc"),
    ],
)
def test_another_name_address_or_digest_than_can_be_is_refused_at_once(
    tmp_path: Path, name: str, url: str, digest: str
) -> None:
    with pytest.raises(UsageError):
        fetch_by_address(name, url, digest, tmp_path, quiet)


def test_the_manifests_are_those_of_the_docs() -> None:
    shown = [
        json.loads(block) for block in re.findall(r"```json\n(.*?)```", (DOCS / "packs.md").read_text("utf-8"), re.S)
    ]
    kept = [json.loads((files("kenbaar.packmaking") / "worked" / f"{name}.json").read_text("utf-8")) for name in WORKED]
    assert kept == shown


@pytest.mark.slow
def test_a_pack_is_made_of_it_and_one_that_does_not_fit_its_manifest_leaves_nothing(
    served: tuple[str, str], default_pack_folder: Path, tmp_path: Path
) -> None:
    url, digest = served
    packs = tmp_path / "packs"
    shutil.copytree(default_pack_folder, packs / default_pack_folder.name)
    folder = fetch_by_address("sface", url + "/moved", digest.upper(), tmp_path, quiet)
    manifest = read_manifest(folder)
    assert (manifest.name, manifest.embedder.file.sha256) == ("sface", digest)
    with pytest.raises(PackBroken):
        fetch_by_address("auraface", url + "/file", digest, tmp_path, quiet)  # 128 numbers, not 512
    with pytest.raises(PackUnavailable):
        fetch_by_address("auraface", url + "/cut", digest, tmp_path, quiet)
    assert sorted(p.name for p in packs.glob("[!.]*")) == [default_pack_folder.name, "sface-1"]
    assert [p.name for p in (packs / ".fetching").iterdir()] == [".lock"]
