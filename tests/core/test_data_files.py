import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from prbench.core.data_fetching import fetch
from prbench.core.data_files import DataFile, data_folder, verify
from prbench.errors import DataNotFound

CONTENT = b"measured"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A server on this machine's own address."""
    (tmp_path / "public").mkdir()
    (tmp_path / "public/a.bin").write_bytes(CONTENT)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(tmp_path / "public"))) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "data"


def test_the_folder_is_the_one_named_or_the_users_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert data_folder() == folder
    monkeypatch.delenv("PRBENCH_DATA")
    assert data_folder().name == "prbench"


def test_fetching_brings_the_file_once_and_whole(server: str) -> None:
    file = DataFile("deep/a.bin", "CC0", (f"{server}/missing", f"{server}/a.bin"), SHA256)
    assert verify(file) == "missing"
    assert fetch(file).read_bytes() == CONTENT
    assert verify(file) == "ok"
    assert fetch(file, offline=True) == file.path
    file.path.write_bytes(b"changed")
    assert verify(file) == "damaged"
    with pytest.raises(DataNotFound, match="damaged"):
        fetch(file, offline=True)
    assert fetch(file).read_bytes() == CONTENT


def test_what_has_the_wrong_checksum_does_not_take_the_place(server: str) -> None:
    file = DataFile("a.bin", "CC0", (f"{server}/a.bin",), "0" * 64)
    with pytest.raises(DataNotFound, match=rf"^a\.bin .*{server}/a\.bin: .*\bsha256:0{{20}}"):
        fetch(file)
    assert not file.path.exists()


def test_without_a_checksum_a_file_is_unverified(server: str) -> None:
    file = DataFile("a.bin", "CC0", (f"{server}/a.bin",))
    fetch(file)
    assert verify(file) == "unverified"


def test_without_an_address_the_note_says_what_to_do(folder: Path) -> None:
    with pytest.raises(DataNotFound, match=rf"from-X; .*{folder}/a\.bin"):
        fetch(DataFile("a.bin", "CC0", note="from-X"))
    with pytest.raises(DataNotFound, match=rf"{folder}/a\.bin .*missing"):
        fetch(DataFile("a.bin", "CC0", urls=("http://127.0.0.1:9/a.bin",)), offline=True)
