"""Environments of contestants: made once for a list of pinned packages, found again by its digest, never prbench's own."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prbench.errors import BadInput, MissingDependency, PrbenchError, UsageError, one_line

from .declaration import Declaration

VARIABLE = "PRBENCH_ENVS"
_MARKER = "prbench-env.json"
_RUNNER = Path(__file__).with_name("runner.py")
_NOT_SOURCE = (".git", "__pycache__", "build")
"""Parts of a source tree that are none of the program."""
_CLAUSE = re.compile(r"(>=|<=|==|!=|>|<)\s*(\d+)\.(\d+)(?:\.\d+|\.\*)?")


@dataclass(frozen=True)
class Environment:
    """An environment on this machine.

    Attributes:
        path: its folder.
        name: of the contestant that it was made for.
        digest: of requirements, versions of Python admitted, and source.
        python: its version.
        source: digest of the source folder that was installed; empty where there was none.
    """

    path: Path
    name: str
    digest: str
    python: str
    source: str = ""

    @property
    def interpreter(self) -> Path:
        """Path of its Python interpreter."""
        return self.path / "bin" / "python"


def environments_folder() -> Path:
    """Where environments are: ``PRBENCH_ENVS``, or a folder of the user's cache."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).absolute()
    import pooch

    return Path(pooch.os_cache("prbench")) / "envs"


def requirements_digest(declaration: Declaration) -> str:
    """Of everything that decides what an environment holds, apart from a source that the user names."""
    text = (declaration.folder / declaration.requirements).read_bytes() if declaration.requirements else b""
    told = "\0".join((declaration.python, declaration.source, sys.platform)).encode()
    return hashlib.blake2b(told + b"\0" + text, digest_size=8).hexdigest()


def find_environment(declaration: Declaration) -> Environment | None:
    """The environment of a contestant, where one was made for its present requirements."""
    path = _path(declaration)
    return _read(path) if (path / _MARKER).is_file() else None


def list_environments() -> list[Environment]:
    """All that were made to their end, by name."""
    found = [_read(marker.parent) for marker in sorted(environments_folder().glob(f"*/{_MARKER}"))]
    return [environment for environment in found if environment is not None]


def remove_environments(name: str) -> list[Path]:
    """Remove every environment of a contestant, those of earlier requirements and unfinished ones too."""
    folder = environments_folder()
    every = sorted(folder.iterdir()) if folder.is_dir() else []
    gone = [path for path in every if re.fullmatch(rf"{re.escape(name)}-[0-9a-f]{{16}}", path.name)]
    for path in gone:
        shutil.rmtree(path)
    return gone


def build_environment(declaration: Declaration, *, wheels: Path | None = None, source: Path | None = None) -> Environment:
    """Make the environment of a contestant, or return the one that is there.

    Args:
        declaration: of the contestant.
        wheels: folder of packages to install from, without any network; the network where None.
        source: folder of the program's source, where the contestant needs one.

    Raises:
        UsageError: for a contestant without an environment, a source that is missing or not needed, and no fitting Python.
        PrbenchError: where making it fails, with the end of what was printed.
    """
    if declaration.command:
        raise UsageError(f"{declaration.name} runs {declaration.command[0]}, not an environment of Python's; nothing is built")
    if bool(declaration.source) != (source is not None):
        hint = f"get {declaration.source} and name its folder by --source" if declaration.source else "it takes no --source"
        raise UsageError(f"{declaration.name}: {hint}")
    if source is not None and not source.is_dir():
        raise UsageError(f"{declaration.name}: there is no folder {source}")
    if wheels is not None and not wheels.is_dir():
        raise UsageError(f"{declaration.name}: there is no folder of wheels {wheels}")
    present = find_environment(declaration)
    told = _source_digest(source) if source is not None else ""
    if present is not None and present.source == told:
        return present
    path = _path(declaration)
    shutil.rmtree(path, ignore_errors=True)
    try:
        _install(declaration, path, wheels, source)
        python = _output(
            declaration.name, [str(path / "bin" / "python"), "-c", "import platform; print(platform.python_version())"]
        )
        held = {"name": declaration.name, "digest": _whole_digest(declaration, told), "python": python.strip(), "source": told}
        (path / _MARKER).write_text(json.dumps(held) + "\n", encoding="utf-8")
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)  # half of one is none
        raise
    made = _read(path)
    assert made is not None
    return made


def program_call(declaration: Declaration) -> list[str]:
    """Program and arguments that run a contestant; ``{channel}`` stands for the folder through which it is asked.

    Raises:
        MissingDependency: where its environment or its program is missing, with the command that helps.
    """
    adapter = declaration.folder / declaration.adapter
    if declaration.command:
        values = {"{runner}": str(_RUNNER), "{here}": str(declaration.folder), "{adapter}": str(adapter)}
        words = [_filled(word, values) for word in declaration.command]
        if shutil.which(words[0]) is None:
            raise MissingDependency(f"{declaration.name} runs {words[0]}, which is not on this machine; install it first")
        return words if any("{channel}" in word for word in words) else [*words, "{channel}"]
    python = sys.executable
    if declaration.requirements or declaration.source:
        environment = find_environment(declaration)
        if environment is None:
            source = " --source FOLDER" if declaration.source else ""
            raise MissingDependency(
                f"{declaration.name} has no environment; `prbench env build {declaration.name}{source}` makes it"
            )
        python = str(environment.interpreter)
    elif not admits(declaration.python, sys.version_info[:2]):
        raise MissingDependency(f"{declaration.name} runs in Python {declaration.python}; give it requirements of its own")
    return [python, "-u", str(_RUNNER), str(adapter), "{channel}", str(os.getpid())]


def described(declaration: Declaration, reply: Mapping[str, Any]) -> dict[str, Any]:
    """What a record's environment says of a contestant, from its declaration and its first answer; plain values.

    Raises:
        BadInput: where the answer says no version.
    """
    version = reply.get("version")
    if not isinstance(version, str | int | float) or not str(version).strip():
        raise BadInput(f"{declaration.name}: version() must return a text, got {one_line(version, 60)}")
    environment = None if declaration.command else find_environment(declaration)
    packages = reply.get("packages")
    return {
        "name": declaration.name,
        "version": one_line(version, 100),
        "python": one_line(reply.get("python", ""), 40),
        "packages": {str(k): str(v) for k, v in sorted(packages.items())} if isinstance(packages, dict) else {},
        "environment": environment.digest if environment is not None else "",
        "command": list(declaration.command),
    }


def contestant_facts(declaration: Declaration) -> dict[str, str]:
    """Where a contestant comes from, what it needs, and whether it can run on this machine, in words."""
    facts = {
        "homepage": declaration.homepage,
        "needs": ", ".join(declaration.needs),
        "python": declaration.python,
        "source": declaration.source,
        "command": " ".join(declaration.command),
        "devices": ", ".join(declaration.devices),
        "declaration": str(declaration.path),
    }
    try:
        program_call(declaration)
        facts["environment"] = "ready"
    except MissingDependency as error:
        facts["environment"] = f"missing: {error}"
    return {name: text for name, text in facts.items() if text}


def admits(wanted: str, version: Sequence[int]) -> bool:
    """Whether a version of Python, major and minor number, is among those wanted, such as ``>=3.10,<3.13``.

    Raises:
        BadInput: for what is no such list.
    """
    for clause in filter(None, (part.strip() for part in wanted.split(","))):
        found = _CLAUSE.fullmatch(clause)
        if found is None:
            raise BadInput(f'python must be versions such as ">=3.10,<3.13", got {one_line(wanted, 60)!r}')
        sign, limit = found[1], (int(found[2]), int(found[3]))
        have = (version[0], version[1])
        fits = {
            ">=": have >= limit,
            "<=": have <= limit,
            "==": have == limit,
            "!=": have != limit,
            ">": have > limit,
            "<": have < limit,
        }
        if not fits[sign]:
            return False
    return True


def _install(declaration: Declaration, path: Path, wheels: Path | None, source: Path | None) -> None:
    uv, python = shutil.which("uv"), _python(declaration)
    path.parent.mkdir(parents=True, exist_ok=True)
    inside = str(path / "bin" / "python")
    if uv is not None:
        _output(declaration.name, [uv, "venv", "--quiet", "--python", python, str(path)])
        install = [uv, "pip", "install", "--quiet", "--python", inside]
    else:
        _output(declaration.name, [python, "-m", "venv", str(path)])
        install = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    offline = [] if wheels is None else ["--no-index", "--find-links", str(wheels)]
    if declaration.requirements:
        lock = declaration.folder / declaration.requirements
        hashed = ["--require-hashes"] if "--hash=" in lock.read_text(encoding="utf-8") else []
        _output(declaration.name, [*install, *offline, *hashed, "-r", str(lock)])
    if source is None:
        return
    if declaration.source_install == "build":
        _output(declaration.name, [*install, *offline, "--no-deps", "--no-build-isolation", str(source.absolute())])
        return
    copied = path / "source"  # so that what the digest stands for stays what it was
    shutil.copytree(source, copied, ignore=shutil.ignore_patterns(*_NOT_SOURCE))
    where = _output(declaration.name, [inside, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip()
    (Path(where) / "prbench-source.pth").write_text(f"{copied}\n", encoding="utf-8")


def _python(declaration: Declaration) -> str:
    """A Python of an admitted version: this one, or one on the path."""
    if admits(declaration.python, sys.version_info[:2]):
        return sys.executable
    for minor in range(14, 7, -1):
        found = shutil.which(f"python3.{minor}") if admits(declaration.python, (3, minor)) else None
        if found is not None:
            return found
    raise UsageError(f"{declaration.name} needs Python {declaration.python}, and none is on the path; install one")


def _output(name: str, call: list[str]) -> str:
    done = subprocess.run(call, capture_output=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603 - pip or uv, by a list
    if done.returncode:
        said = (done.stderr + done.stdout).decode("utf-8", errors="replace")
        raise PrbenchError(f"{name}: `{' '.join(call[:4])} ...` failed: {one_line(said[-800:], 500)}")
    return done.stdout.decode("utf-8", errors="replace")


def _filled(word: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(name, value)
    return word


def _path(declaration: Declaration) -> Path:
    return environments_folder() / f"{declaration.name}-{requirements_digest(declaration)}"


def _read(path: Path) -> Environment | None:
    try:
        held = json.loads((path / _MARKER).read_text(encoding="utf-8"))
        return Environment(path, *(str(held[key]) for key in ("name", "digest", "python", "source")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _whole_digest(declaration: Declaration, source: str) -> str:
    return hashlib.blake2b(f"{requirements_digest(declaration)}\0{source}".encode(), digest_size=16).hexdigest()


def _source_digest(folder: Path) -> str:
    """Of every file of a source tree, version control and byte code left out."""
    found = hashlib.blake2b(digest_size=16)
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if path.is_file() and not set(_NOT_SOURCE) & set(inner.parts):
            found.update(str(inner).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()
