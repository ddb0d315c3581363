"""Data files: where they lie, downloaded or made of public originals, verified; nothing else takes their names."""

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from prbench.core.data_fetching import fetch
from prbench.core.data_files import DataFile, Original, content_of, data_folder, is_whole, sha256_of, verify
from prbench.errors import BadInput, DataNotFound

PARTS = {"one.txt": b"1 2 3", "two.txt": b"4 5 6"}
MADE = {"numbers": np.array([[1.0, 2, 3], [4, 5, 6]]), "scale": np.asarray(2.0)}


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    public = tmp_path / "public"
    public.mkdir()
    for name, content in PARTS.items():
        (public / name).write_bytes(content)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(public))) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of data files."""
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "data"


def convert(paths):
    return {"numbers": np.stack([np.loadtxt(paths[name]) for name in sorted(paths)]), "scale": np.asarray(2.0)}


def made_of(address: str = "http://127.0.0.1:9", **changes) -> DataFile:
    originals = tuple(Original(n, f"{address}/{n}", hashlib.sha256(c).hexdigest()) for n, c in PARTS.items())
    return DataFile("a/b.npz", "CC0", originals=originals, convert=convert, **{"content": content_of(MADE), **changes})


def folder_of(tmp_path: Path, parts=PARTS) -> Path:
    for number, (name, content) in enumerate(parts.items()):
        (tmp_path / "have" / f"deep{number}").mkdir(parents=True)
        (tmp_path / "have" / f"deep{number}" / name).write_bytes(content)
    return tmp_path / "have"


def test_originals_are_downloaded_verified_and_converted(server: str) -> None:
    file = made_of(server)
    assert verify(file) == "missing"
    with np.load(fetch(file)) as stored:
        np.testing.assert_array_equal(stored["numbers"], MADE["numbers"])
        assert stored["scale"] == 2
    assert verify(file) == "ok"
    assert fetch(file, offline=True) == file.path
    assert sorted(path.name for path in file.path.parent.iterdir()) == ["b.npz"]


def test_originals_are_found_in_a_folder_at_any_depth(tmp_path: Path) -> None:
    file = made_of()
    assert fetch(file, folder=folder_of(tmp_path)).is_file()
    assert verify(file) == "ok"


def test_originals_are_found_in_archives(tmp_path: Path) -> None:
    (tmp_path / "have").mkdir()
    with tarfile.open(tmp_path / "have" / "series.tar.xz", "w:xz") as archive:
        for name, content in PARTS.items():
            member = tarfile.TarInfo(f"../../outside/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    assert fetch(made_of(), folder=tmp_path / "have").is_file()
    assert not (tmp_path / "outside").exists()
    (tmp_path / "have" / "broken.tar.gz").write_bytes(b"no archive")
    other = DataFile("c.bin", "CC0")
    with pytest.raises(BadInput, match=r"broken\.tar\.gz: .*archive"):
        fetch(other, folder=tmp_path / "have")


def test_a_wrong_original_is_named_and_nothing_is_made(tmp_path: Path) -> None:
    file = made_of()
    wrong, right = (hashlib.sha256(content).hexdigest()[:12] for content in (b"7 8 9", PARTS["two.txt"]))
    with pytest.raises(BadInput, match=rf"two\.txt .*SHA-256 {wrong}.*{right}"):
        fetch(file, folder=folder_of(tmp_path, PARTS | {"two.txt": b"7 8 9"}))
    assert not file.path.exists()
    with pytest.raises(DataNotFound, match=r"deep1 .*\bone\.txt"):
        fetch(file, folder=tmp_path / "have" / "deep1")
    with pytest.raises(DataNotFound, match=r"absent\b(?!.*one\.txt)"):
        fetch(file, folder=tmp_path / "absent")
    with pytest.raises(DataNotFound, match=rf"{file.name} .*{file.originals[0].url}"):
        fetch(file)
    with pytest.raises(DataNotFound, match=rf"{file.path} .*missing"):
        fetch(file, offline=True)


def test_a_conversion_to_something_else_is_refused(tmp_path: Path) -> None:
    file = made_of(content="0" * 64)
    with pytest.raises(BadInput, match=f"^{file.name}: "):
        fetch(file, folder=folder_of(tmp_path))
    assert not file.path.exists()


def test_a_file_made_here_is_known_by_its_arrays(tmp_path: Path) -> None:
    file = made_of(sha256="0" * 64)
    fetch(file, folder=folder_of(tmp_path))
    assert verify(file) == "ok"  # other bytes than the known file's, the same arrays
    assert is_whole(file, sha256_of(file.path))
    np.savez(file.path, **(MADE | {"scale": np.asarray(3.0)}))
    assert verify(file) == "damaged"
    file.path.write_bytes(b"nothing")
    assert verify(file) == "damaged"


def test_the_content_is_names_types_shapes_and_numbers() -> None:
    digest = content_of(MADE)
    assert content_of(dict(reversed(MADE.items()))) == digest
    for change in (
        {"numbers": MADE["numbers"].astype(np.float32)},
        {"numbers": MADE["numbers"].reshape(3, 2)},
        {"numbers": MADE["numbers"] + 1},
        {"more": np.zeros(2)},
    ):
        assert content_of(MADE | change) != digest


def test_files_that_no_checksum_tells_are_checked(tmp_path: Path) -> None:
    def check(path: Path) -> None:
        if path.read_bytes() != PARTS["one.txt"]:
            raise BadInput(f"{path}: strange")

    file = DataFile("one.txt", "CC0", check=check)
    with pytest.raises(BadInput, match=r"one\.txt: strange"):
        fetch(file, folder=folder_of(tmp_path, {"one.txt": b"x"}))
    assert not file.path.exists()
    assert fetch(file, folder=folder_of(tmp_path / "other")).read_bytes() == PARTS["one.txt"]


def test_the_folder_is_the_one_named_or_the_users_cache(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert data_folder() == data
    monkeypatch.delenv("PRBENCH_DATA")
    assert data_folder().name == "prbench"


def test_fetching_brings_the_file_once_and_whole(server: str) -> None:
    file = DataFile("deep/a.bin", "CC0", (f"{server}/missing", f"{server}/one.txt"), hashlib.sha256(PARTS["one.txt"]).hexdigest())
    assert verify(file) == "missing"
    assert fetch(file).read_bytes() == PARTS["one.txt"]
    assert verify(file) == "ok"
    assert fetch(file, offline=True) == file.path
    file.path.write_bytes(b"changed")
    assert verify(file) == "damaged"
    with pytest.raises(DataNotFound, match="damaged"):
        fetch(file, offline=True)
    assert fetch(file).read_bytes() == PARTS["one.txt"]


def test_what_has_the_wrong_checksum_does_not_take_the_place(server: str) -> None:
    file = DataFile("a.bin", "CC0", (f"{server}/one.txt",), "0" * 64)
    with pytest.raises(DataNotFound, match=rf"^a\.bin .*{server}/one\.txt: .*\bsha256:0{{20}}"):
        fetch(file)
    assert not file.path.exists()


def test_without_a_checksum_a_file_is_unverified(server: str) -> None:
    file = DataFile("a.bin", "CC0", (f"{server}/one.txt",))
    fetch(file)
    assert verify(file) == "unverified"


def test_without_an_address_the_note_says_what_to_do(data: Path) -> None:
    with pytest.raises(DataNotFound, match=rf"from-X; .*{data}/a\.bin"):
        fetch(DataFile("a.bin", "CC0", note="from-X"))
    with pytest.raises(DataNotFound, match=rf"{data}/a\.bin .*missing"):
        fetch(DataFile("a.bin", "CC0", urls=("http://127.0.0.1:9/a.bin",)), offline=True)
