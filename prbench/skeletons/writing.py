"""Fill the templates and write a package."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template

from prbench import __version__
from prbench.core.registry import find_task
from prbench.core.task import is_task_name
from prbench.errors import CannotWrite, UsageError

KINDS = ("solver", "dataset", "metric", "task")
_TEMPLATES = Path(__file__).with_name("templates")
_AUTHOR = "A. Author"
_LAWS = {"solvers": "SolverLaws", "datasets": "DatasetLaws", "metrics": "MetricLaws", "tasks": "TaskLaws"}
"""Of the package prbench.testing, by the group of entry points that they are about."""
_DEFAULT_TASK = "far-field"


@dataclass(frozen=True)
class Skeleton:
    """What is to be written.

    Attributes:
        kind: one of :data:`KINDS`.
        name: as users will type it: lower-case letters, digits and hyphens; a metric may have underscores instead.
        task: the task that a solver or dataset serves, or whose answers a metric judges; not used for a task.
    """

    kind: str
    name: str
    task: str = _DEFAULT_TASK

    def __post_init__(self) -> None:
        """Refuse what no package can be called, and a task without a template.

        Raises:
            UsageError: with the names that there are.
        """
        if self.kind not in KINDS:
            raise UsageError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}")
        if not is_task_name(self.hyphenated) or not self.hyphenated[0].isalpha():
            rule = "lower-case letters, digits and hyphens, a letter first"
            raise UsageError(f"{self.name!r} must be {rule}, such as my-{self.kind}")
        if self.kind in ("solver", "dataset") and self.task not in (tasks := tasks_with_template(self.kind)):
            raise UsageError(f"no {self.kind} template for the task {self.task!r}; there are {', '.join(tasks)}")

    @property
    def hyphenated(self) -> str:
        """The name as a package has it."""
        return self.name.replace("_", "-") if self.kind == "metric" else self.name

    @property
    def package(self) -> str:
        """The name of the distribution."""
        return f"prbench-{self.hyphenated}"

    @property
    def module(self) -> str:
        """The name of the importable package."""
        return self.package.replace("-", "_")

    @property
    def identifier(self) -> str:
        """The name as a Python identifier."""
        plain = self.hyphenated.replace("-", "_")
        return f"{plain}_" if keyword.iskeyword(plain) else plain

    @property
    def class_name(self) -> str:
        """The name in capitals."""
        return "".join(part.capitalize() for part in re.split("[-_]", self.name))

    def files(self) -> dict[str, str]:
        """The text of each file, by its path in the package's folder."""
        code, tests = f"{self.kind}.py", f"tests/test_{self.identifier}.py"
        source = {"metric": "metric/metric", "task": "task/task"}.get(self.kind, f"{self.kind}/{self.task}")
        return {
            "pyproject.toml": self._filled("pyproject.toml"),
            "README.md": self._filled("README.md"),
            f"src/{self.module}/__init__.py": f'"""{self.kind.capitalize()} {self.name} for prbench."""\n',
            f"src/{self.module}/{code}": self._filled(source),
            tests: self._filled("tests"),
        }

    def _points(self) -> dict[str, dict[str, str]]:
        """Entry points: names and places by group."""
        where = f"{self.module}.{self.kind}"
        if self.kind == "task":
            return {
                "tasks": {self.name: f"{where}:TASK"},
                "solvers": {f"{self.name}-gs": f"{where}:{self.class_name}Solver"},
                "datasets": {f"{self.name}-blobs": f"{where}:Blobs"},
            }
        if self.kind == "metric":
            return {"metrics": {self.identifier: f"{where}:{self.identifier}"}}
        return {f"{self.kind}s": {self.name: f"{where}:{self._class()}"}}

    def _class(self) -> str:
        return self.class_name + (self.kind.capitalize() if self.kind in ("solver", "dataset") else "Solver")

    def _filled(self, template: str) -> str:
        points = "".join(
            f'[project.entry-points."prbench.{group}"]\n' + "".join(f'{name} = "{at}"\n' for name, at in members.items()) + "\n"
            for group, members in self._points().items()
        )
        values = {
            "name": self.name,
            "kind": self.kind,
            "Kind": self.kind.capitalize(),
            "package": self.package,
            "module": self.module,
            "file": f"{self.kind}.py",
            "identifier": self.identifier,
            "Class": self._class(),
            "Measurement": f"{self.class_name}Measurement",
            "Author": _AUTHOR,
            "answer": find_task(self.task).answer if self.kind == "metric" else "",
            "version": __version__,
            "points": points,
            "laws": ", ".join(sorted(_LAWS[group] for group in self._points())),
            "classes": self._tests(),
            "usage": self._usage(),
        }
        return Template((_TEMPLATES / f"{template}.template").read_text("utf-8")).substitute(values)

    def _tests(self) -> str:
        """A class of tests per kind of plug-in."""
        classes = []
        for group, members in self._points().items():
            names = ", ".join(f'"{name}"' for name in members)
            classes.append(f"class Test{self.class_name}{group[:-1].capitalize()}({_LAWS[group]}):\n    names = ({names},)")
        return "\n" + "\n\n\n".join(classes)

    def _usage(self) -> str:
        names = {group: next(iter(members)) for group, members in self._points().items()}
        if self.kind == "metric":
            return f"    prbench show {names['metrics']}"
        if self.kind == "task":
            return f"    prbench run -s {names['solvers']} -d {names['datasets']}"
        option = "-s" if self.kind == "solver" else "-d"
        return f"    prbench run {option} {self.name}"


def tasks_with_template(kind: str) -> tuple[str, ...]:
    """The tasks for which there is a template of a kind, sorted."""
    return tuple(sorted(path.name.removesuffix(".template") for path in (_TEMPLATES / kind).iterdir()))


def write_skeleton(skeleton: Skeleton, folder: Path) -> list[Path]:
    """Write the files below ``folder``, which must not exist or be empty.

    Returns:
        The paths written.

    Raises:
        UsageError: where there is something in the folder.
        CannotWrite: where it cannot be written to.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty; name another folder with --out")
    written = []
    try:
        for name, text in skeleton.files().items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            written.append(path)
    except OSError as error:
        raise CannotWrite(f"{folder}: {error.strerror}; choose another folder with --out") from error
    return written
