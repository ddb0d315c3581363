"""Reading arrays from HDF5 without going anywhere that was not asked for.

A link is followed inside its file. External links and virtual data sets whose sources are other files are followed where
``links`` is ``folder``, and then only to files below the folder of the file that was named. The HDF5 library itself is never left
to open another file: it takes names relative to the working folder and fills what is missing with zeros.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from prbench.errors import BadInput, one_line

from .arrays import choose
from .choosing import FLAGS
from .hdf5_data_sets import check_size, is_image, is_small, selected_points, selected_region
from .heaps import check_heaps
from .raw import Raw, Refused, check_declared

Links = Literal["no", "folder"]

_MAX_LINKS = 32
_MAX_DEPTH = 4
_MAX_FILES = 4096
_MAX_NODES, _MAX_NESTED = 100_000, 100


@dataclass(frozen=True)
class Item:
    """An object inside a file.

    Attributes:
        item: the h5py data set or group.
        file: the file it is in.
        path: its path there, all links resolved.
    """

    item: Any
    file: Path
    path: str

    @property
    def is_array(self) -> bool:
        """Whether it is a data set."""
        import h5py

        return isinstance(self.item, h5py.Dataset)


@dataclass(frozen=True)
class Contents:
    """What a file holds as far as no link leads.

    Attributes:
        images: paths of arrays of numbers with at least two axes longer than 1, in the file's order.
        links: paths of links to other files, each with the name of the file.
    """

    images: tuple[str, ...]
    links: dict[str, str]

    def listing(self) -> str:
        """Both in words, for messages."""
        text = f"its images are: {one_line(', '.join(self.images[:10]), 200)}" if self.images else "it holds no images"
        return f"{text}; links to other files: {self.named_links()}" if self.links else text

    def named_links(self) -> str:
        """The links, each with its file."""
        return one_line(", ".join(f"{path} -> {one_line(file, 60)}" for path, file in list(self.links.items())[:6]), 300)


class Container:
    """An HDF5 file, and the files of its folder that it leads to."""

    def __init__(self, path: Path, links: Links, stack: ExitStack) -> None:
        self.path = path
        self.links = links
        self._stack = stack
        self._folder = path.resolve().parent
        self._open: dict[Path, Any] = {}
        self.file = self._opened(path.resolve(), str(path))

    @property
    def linked(self) -> tuple[Path, ...]:
        """The other files that were read from."""
        return tuple(sorted(path for path in self._open if path != self.path.resolve()))

    def _opened(self, path: Path, where: str) -> Any:
        import h5py

        if path not in self._open:
            if not h5py.is_hdf5(path):
                raise BadInput(f"{where}: {'' if path == self.path.resolve() else f'{path.name} '}is not an HDF5 file")
            if len(self._open) >= _MAX_FILES:
                raise BadInput(f"{where}: leads to more than {_MAX_FILES} other files")
            check_heaps(path)
            self._open[path] = self._stack.enter_context(h5py.File(path, "r"))
        return self._open[path]

    def neighbour(self, name: str, where: str) -> Path:
        """The file of the folder that another file's ``name`` stands for.

        Raises:
            BadInput: where links are not followed, the file is missing, or it lies elsewhere.
        """
        shown = one_line(name, 100)
        if self.links == "no":
            how = "links=folder follows those of its own folder"
            message = f"{where}: its data are in another file, {shown}, which is not followed; {how}"
            raise Refused(message, links="folder")
        if "\0" in name or len(name) > 1024:
            raise BadInput(f"{where}: leads to a file of no possible name")
        there = (self._folder / name).resolve()
        if not there.is_file() and Path(name).is_absolute():
            there = (self._folder / Path(name).name).resolve()  # as HDF5 does: files that were copied together
        if not there.is_relative_to(self._folder):
            raise BadInput(f"{where}: its data are in {shown}, outside of the file's folder; put them beside it")
        if not there.is_file():
            hint = "put it beside the file, or name an array that is there, dataset="
            raise BadInput(f"{where}: its data are in {shown}, which is missing; {hint}")
        return there

    def find(self, path: str, where: str) -> Item | None:
        """The object at ``path``, or None; links are followed one by one, so that none leads where it must not."""
        return self._find(self.path.resolve(), path, where, [0])

    def _find(self, file: Path, path: str, where: str, links: list[int]) -> Item | None:
        import h5py

        parts = [part for part in path.split("/") if part not in ("", ".")]
        node, walked = self._opened(file, where), ""
        while parts:
            name = parts.pop(0)
            if not isinstance(node, h5py.Group):
                return None
            link = node.get(name, getlink=True)
            if link is None:
                return None
            if isinstance(link, h5py.SoftLink | h5py.ExternalLink):
                links[0] += 1
                if links[0] > _MAX_LINKS:
                    raise BadInput(f"{where}: more than {_MAX_LINKS} links follow one another")
            if isinstance(link, h5py.ExternalLink):
                file = self.neighbour(link.filename, where)
                return self._find(file, "/".join([link.path, *parts]), where, links)
            if isinstance(link, h5py.SoftLink):
                target = link.path if link.path.startswith("/") else f"{walked}/{link.path}"
                parts = [part for part in target.split("/") if part not in ("", ".")] + parts
                node, walked = self._opened(file, where), ""
                continue
            node, walked = node[name], f"{walked}/{name}"
        return Item(node, file, walked or "/")

    def array(self, result: Item, where: str, depth: int = 0) -> np.ndarray:
        """Read a data set after its declared size has been checked.

        Raises:
            BadInput: where it is no array of numbers, too large, or its data are where they must not be.
        """
        item = result.item
        if not result.is_array:
            raise BadInput(f"{where}: is not an array")
        if item.external:
            raise BadInput(
                f"{where}: its data are in other files of raw bytes, which are not followed; copy it into one file first"
            )
        if item.shape is None:
            raise BadInput(f"{where}: is empty, expected an array")
        if item.is_virtual:
            return self._virtual(result, where, depth)
        dtype = item.dtype
        if dtype.names is not None and set(dtype.names) in ({"r", "i"}, {"real", "imag"}):
            # h5py itself reads {r, i} of equal floating types as complex; other compounds are put together here.
            check_size(where, item, np.dtype((np.void, dtype.itemsize)))
            check_declared(where, item.shape, np.dtype(np.complex64), item.id.get_storage_size())
            pairs = item[()]
            real, imaginary = sorted(dtype.names, reverse=True)
            return np.asarray(pairs[real] + 1j * pairs[imaginary])
        check_size(where, item, dtype)
        return np.asarray(item[()])

    def _virtual(self, result: Item, where: str, depth: int) -> np.ndarray:
        """Put a virtual data set together from its sources, each of which must be there."""
        from h5py import h5s

        item = result.item
        if depth >= _MAX_DEPTH:
            raise BadInput(f"{where}: virtual data sets stand for virtual data sets more than {_MAX_DEPTH} times over")
        parts = item.virtual_sources()
        covered = sum(selected_points(part.vspace, item.size) for part in parts)
        check_declared(where, item.shape, item.dtype, covered * item.dtype.itemsize)
        full = np.full(item.shape, item.fillvalue, item.dtype)
        for part in parts:
            file = result.file if part.file_name == "." else self.neighbour(part.file_name, where)
            source = self._find(file, part.dset_name, where, [0])
            if source is None or not source.is_array or source.item.dtype.kind not in "biuf":
                raise BadInput(f"{where}: its source {one_line(part.dset_name, 60)} is not in {file.name}")
            every = part.src_space.get_select_type() == h5s.SEL_ALL
            selected, target = selected_points(part.src_space, source.item.size), selected_points(part.vspace, full.size)
            fits = every or tuple(part.src_space.shape) == source.item.shape
            if selected != target or not fits:
                raise BadInput(f"{where}: its source in {file.name} has another shape than the virtual data set expects")
            memory = h5s.ALL if part.vspace.get_select_type() == h5s.SEL_ALL else part.vspace
            if source.item.is_virtual or source.item.external:
                if not every:
                    raise BadInput(
                        f"{where}: takes a part of another virtual data set, which is not followed; name that one, dataset="
                    )
                full[selected_region(part.vspace, full.shape)] = self.array(source, where, depth + 1).reshape(-1)
                continue
            check_size(where, source.item, source.item.dtype)
            source.item.id.read(memory, h5s.ALL if every else part.src_space, full)
        return full

    def contents(self, group: str = "/") -> Contents:
        """The images of the file, reached without any link, and its links to other files."""
        import h5py

        images: list[str] = []
        links: dict[str, str] = {}
        seen, deepest = 0, 0

        def note(name: str, item: Any) -> bool | None:
            nonlocal seen, deepest
            seen, deepest = seen + 1, max(deepest, name.count("/"))
            if is_image(item):
                images.append(f"{group.rstrip('/')}/{name}")
            return True if seen > _MAX_NODES or deepest > _MAX_NESTED else None

        def note_link(name: str, link: Any) -> None:
            if isinstance(link, h5py.ExternalLink):
                links[f"{group.rstrip('/')}/{name}"] = link.filename

        self.file[group].visititems(note)
        if seen > _MAX_NODES or deepest > _MAX_NESTED:
            limits = f"more than {_MAX_NODES} objects, or groups nested more than {_MAX_NESTED} deep"
            raise BadInput(f"{self.path}: holds {limits}; name the array, dataset=")
        self.file[group].visititems_links(note_link)
        return Contents(tuple(images), links)

    def _note(self, path: str) -> Item | None:
        """The object at ``path``; None also where it is behind a link that is not followed, for what a pattern can do without."""
        try:
            return self.find(path, f"{self.path}, {path}")
        except BadInput:
            return None

    def text(self, path: str) -> str | None:
        """A short text at ``path``, or None."""
        result = self._note(path)
        if result is None or not result.is_array or result.item.size != 1 or result.item.dtype.kind not in "OS":
            return None
        if result.item.external or result.item.is_virtual or not is_small(result.item):
            return None
        value = result.item[()]
        value = value.reshape(-1)[0] if isinstance(value, np.ndarray) else value
        return value.decode("utf-8", "replace")[:200] if isinstance(value, bytes) else str(value)[:200]

    def numbers(self, path: str, most: int = 16) -> tuple[list[float], str] | None:
        """A few finite numbers at ``path`` and their unit (empty where none is stated), or None."""
        result = self._note(path)
        if result is None or not result.is_array or result.item.dtype.kind not in "iuf":
            return None
        if result.item.shape is None or result.item.external or result.item.is_virtual or not 1 <= result.item.size <= most:
            return None
        if not is_small(result.item):
            return None
        values = np.asarray(result.item[()], dtype=np.float64).reshape(-1)
        unit = result.item.attrs.get("units", "")
        unit = unit.decode("utf-8", "replace") if isinstance(unit, bytes) else str(unit)
        return (values.tolist(), unit[:40]) if np.isfinite(values).all() else None


@contextmanager
def opened(path: Path, links: Links = "no") -> Iterator[Container]:
    """Open an HDF5 file for reading.

    Raises:
        BadInput: where it is none.
    """
    import hdf5plugin  # noqa: F401 - registers the compressions that detectors write with

    with ExitStack() as stack:
        yield Container(path, links, stack)


def read_named(path: Path, inside: str | None) -> Raw:
    """One array of a flat file by name, as the NPZ reader chooses it; MATLAB 7.3 writes such files."""
    with opened(path) as file:
        names = [image.lstrip("/") for image in file.contents().images if not image.startswith("/#")]
        chosen = choose(path, names, inside)

        def array(name: str) -> np.ndarray:
            result = file.find(name, f"{path}, {name}")
            assert result is not None
            return file.array(result, f"{path}, {name}")

        beside = [name for name in FLAGS if name in names and name != chosen]
        flags = array(beside[0]) if beside and inside not in FLAGS else None
        return Raw(array(chosen), f"{path}, variable {chosen}", flags)
