"""Datasets yield problems."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from prbench.errors import UsageError, WrongProblem

from .inspection import Inspection
from .measurement import Measurement
from .problem import Problem, Split
from .registry import PluginInfo
from .settings import Settings


@dataclass(frozen=True)
class Dataset(Settings):
    """Base of datasets: a frozen dataclass of settings that makes problem ``index`` of a split, the same one every time."""

    info: ClassVar[PluginInfo]
    example: ClassVar[dict[str, object]] = {}
    """Settings of a small instance, for conformance tests and documentation."""

    @property
    def samples(self) -> int | None:
        """How many problems there are, or None where they are generated without end."""
        return None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Files named by the settings that the problems are read from.

        What they contain is part of what a record answers to, and a run reads them before it writes anything.
        """
        return ()

    @classmethod
    def inspect(cls, path: str) -> Inspection | None:  # noqa: ARG003 - of datasets that read users' files
        """What the dataset makes of a user's file or folder; None where it reads none, or nothing of this kind.

        Raises:
            BadInput: in one line with the next step, for what should be of this kind and cannot be read.
        """
        return None

    @classmethod
    def adopt(cls, folder: Path | None) -> tuple[str, ...] | None:  # noqa: ARG003 - of datasets that take what was downloaded
        """Check public files that a user downloaded into ``folder`` and copy them where the dataset reads them.

        For datasets whose terms forbid that prbench downloads them and whose files are too many to be listed.

        Returns:
            What was taken, one line each; None for a dataset whose files are listed in ``files``.

        Raises:
            DataNotFound: where ``folder`` is None, with the address and the command; or where it holds nothing of the dataset.
            BadInput: naming a file that is not what it must be.
        """
        return None

    @abstractmethod
    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Make one problem; :meth:`problem` has checked the arguments."""

    def problem(self, index: int, *, seed: int = 0, split: Split = "test") -> Problem:
        """Problem number ``index`` of ``split``; a function of its arguments and the settings alone.

        Raises:
            UsageError: for an index below 0 or beyond :attr:`samples`.
            DataNotFound: where measured data are not on this machine.
            WrongProblem: where the dataset returns something else, which is its fault.
        """
        if index < 0 or (self.samples is not None and index >= self.samples):
            known = "from 0 on" if self.samples is None else f"0 to {self.samples - 1}"
            raise UsageError(f"{self.plugin_name} has samples {known}, asked for {index}")
        problem: object = self.make(index, seed, split)
        if not isinstance(problem, Problem):
            raise WrongProblem(f"the dataset {self.plugin_name} must return a Problem, got {type(problem).__name__}")
        measured: object = problem.measurement
        if not isinstance(measured, Measurement) or measured.task != self.info.task:
            given = f"one of {measured.task}" if isinstance(measured, Measurement) else type(measured).__name__
            raise WrongProblem(f"the dataset {self.plugin_name} must return a measurement of {self.info.task}, got {given}")
        return problem

    def streams(self, count: int, index: int, seed: int, split: Split) -> list[np.random.Generator]:
        """Independent random streams of one problem, one a purpose.

        They depend on the dataset's name but not on its settings, so that changing the photon count changes the noise and not the
        object, and results along a sweep stay paired.
        """
        label = hashlib.blake2b(f"{self.plugin_name}|{split}".encode(), digest_size=8).digest()
        root = np.random.SeedSequence([int.from_bytes(label, "big"), index, seed])
        return [np.random.default_rng(child) for child in root.spawn(count)]
