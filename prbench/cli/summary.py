"""What a run ends with: counts, leaderboards, pictures, files, and what to do next."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from .display import counts, duration
from .folders import tell_failed_metrics

if TYPE_CHECKING:
    from rich.console import Console

    from prbench.analysis import Leaderboard
    from prbench.core import MetricInfo
    from prbench.reporting.exports import ExportedResult
    from prbench.reporting.gallery import Picture
    from prbench.running.engine import RunState
    from prbench.running.store.results import ResultSet

_EXPORTS_TOLD = 20
_WARNINGS_TOLD = 12


def has_failures(results: ResultSet) -> bool:
    """Whether any cell asked for has no reconstruction to score."""
    from prbench.analysis import SCORED

    return not bool(results.frame["status"].isin(SCORED).all())


def tell_shard(results: ResultSet, state: RunState, shard: str) -> None:
    """Counts alone: leaderboards and pictures are of the whole matrix, and other parts may be under way."""
    click.echo(f"shard {shard}, {state.total} cell{'s' * (state.total != 1)} in {duration(state.elapsed_s)}: {counts(state)}")
    if state.helped:
        click.echo(f"and {state.helped} cell{'s' * (state.helped != 1)} of other shards, which were behind")
    click.echo(
        f"results: {results.store.path}\nnext:    the same command without --shard, once all parts have ended: it tells the whole"
    )


def tell(results: ResultSet, state: RunState) -> None:
    """Print the end of a run, and save the pictures and files that belong to it."""
    from prbench.analysis import NOT_RUN, leaderboards
    from prbench.reporting.console import console
    from prbench.reporting.gallery import save_gallery
    from prbench.reporting.leaderboards import terminal

    out = console()
    click.echo(f"{state.total} cell{'s' * (state.total != 1)} in {duration(state.elapsed_s)}: {counts(state)}\n")
    boards = [] if results.frame["status"].isin(NOT_RUN).all() else leaderboards(results.frame)
    pictures = save_gallery(results)
    if len(boards) > 1:
        _tell_overview(boards, pictures, out)
    for part in terminal(boards, out.width) if boards else ():
        out.print(part, markup=False)
    if boards:
        click.echo()
    _tell_exports(results, out)
    for picture in pictures:
        click.echo(f"{picture.path}\n  {picture.caption}")
    _tell_failures(results)
    _tell_warnings(results)
    tell_failed_metrics(results.frame)
    folder = shlex.quote(str(results.store.path))
    click.echo(f"\nresults: {results.store.path}\nnext:    {_next_command(results, folder)}")


def as_json(results: ResultSet, state: RunState) -> str:
    """The end of a run for programs: where the results are, counts, the reasons of failures, and the boards."""
    import json

    from prbench.analysis import NOT_RUN, leaderboards
    from prbench.analysis.progress import count_reasons
    from prbench.reporting.leaderboards import FORMATS

    boards = [] if results.frame["status"].isin(NOT_RUN).all() else leaderboards(results.frame)
    told = {
        "results": str(results.store.path),
        "cells": state.total,
        "done": state.done - state.failed,
        "failed": state.failed,
        "cached": state.cached,
        "elapsed_s": state.elapsed_s,
        "failures": count_reasons(results.frame).to_dict("records"),
        "leaderboard": json.loads(FORMATS["json"](boards)) if boards else [],
    }
    return json.dumps(told, indent=2, ensure_ascii=False)


def _tell_overview(boards: Sequence[Leaderboard], pictures: Sequence[Picture], out: Console) -> None:
    """One line per task, before the boards: who is ahead, by what, on which dataset, and the picture of it."""
    from prbench.analysis.overview import leaders
    from prbench.metrics.costs import metric_infos
    from prbench.reporting.console import Column, table
    from prbench.reporting.values import number

    infos, best = metric_infos(), {picture.task: picture.path.name for picture in pictures if picture.best}
    rows = []
    for leader in leaders(boards):
        info = infos[leader.goal.metric]
        shown = f"{info.header} {number(leader.value)} {info.unit}".rstrip()
        firsts = f"{leader.firsts} of {leader.datasets}"
        rows.append((leader.title, leader.solver, shown, leader.dataset, firsts, leader.others, best.get(leader.task, "")))
    options: dict[str, object] = {"no_wrap": True}
    right: dict[str, object] = {"justify": "right", "no_wrap": True}
    columns: list[Column] = [("task", options), ("ahead", {"min_width": 14}), ("score", options), "dataset"]
    columns += [("first on", right), ("tied", right), ("picture", options)]
    out.print(table("overview: who is ahead in each task", columns, rows), markup=False)
    click.echo("first on: datasets on which it ranks first. tied: solvers that the paired tests do not tell from it there.")
    click.echo(f"pictures in {pictures[0].path.parent}\n" if pictures else "")


def _tell_exports(results: ResultSet, out: Console) -> None:
    from prbench.metrics.costs import metric_infos
    from prbench.reporting.console import Column, table
    from prbench.reporting.exports import export_measured
    from prbench.reporting.values import number

    exports = export_measured(results)
    if not exports:
        return
    right: dict[str, object] = {"justify": "right", "no_wrap": True}
    told = exports[:_EXPORTS_TOLD]
    infos = metric_infos()
    for task in dict.fromkeys(export.task for export in told):
        metrics = {m for e in told if e.task == task for m, value in e.scores.items() if not math.isnan(value)}
        shown = {m: infos[m].header for e in told if e.task == task for m in e.scores if m in metrics}
        rows = [(e.solver, e.dataset, e.sample, e.seed, *(number(e.scores[m]) for m in shown)) for e in told if e.task == task]
        columns: list[Column] = ["solver", "dataset", ("sample", right), ("seed", right), *((h, right) for h in shown.values())]
        out.print(table("measured, without truth", columns, rows))
    for export in told:
        click.echo(f"{export.path}")
    _tell_of_free_pixels(exports, infos)
    if len(exports) > _EXPORTS_TOLD:
        click.echo(f"and {len(exports) - _EXPORTS_TOLD} more in {exports[-1].path.parent}")
    click.echo()


def _tell_of_free_pixels(exports: list[ExportedResult], infos: Mapping[str, MetricInfo]) -> None:
    from prbench.core import format_name, parse_name

    held = {name for name, info in infos.items() if info.needs == "held-out"}
    without = next((e for e in exports if any(math.isnan(e.scores[name]) for name in held & e.scores.keys())), None)
    if without is not None:
        name, params = parse_name(without.dataset)
        held_out = format_name(name, {**params, "holdout": 0.02})
        click.echo(f"scores on held-out pixels need pixels kept from the solver: -d {shlex.quote(held_out)}")


def _tell_failures(results: ResultSet) -> None:
    from prbench.analysis.progress import count_reasons

    reasons = count_reasons(results.frame)
    if len(reasons):
        click.echo("\nfailed:")
    for row in reasons.head(5).to_dict("records"):
        click.echo(f"  {row['cells']} {row['status']}: {row['solver']} on {row['dataset']}: {row['reason']}")
    if len(reasons) > 5:
        click.echo("  …")


def _tell_warnings(results: ResultSet) -> None:
    from prbench.analysis.progress import count_warnings

    said = count_warnings(results.frame)
    if len(said):
        click.echo("\nwarnings:")
    for row in said.head(_WARNINGS_TOLD).to_dict("records"):
        click.echo(f"  {row['dataset']}: {row['warning']}")
    if len(said) > _WARNINGS_TOLD:
        click.echo(f"  and {len(said) - _WARNINGS_TOLD} more; `prbench status` has them all")


def _next_command(results: ResultSet, folder: str) -> str:
    from prbench.analysis import SCORED
    from prbench.core import find_task_info

    if has_failures(results):
        return f"prbench status {folder}"
    frame = results.frame
    for name in frame["task"].unique():
        task = find_task_info(str(name))
        own = frame["dataset"].str.startswith(f"{task.dataset}[") & frame["status"].isin(SCORED)
        if task.dataset and own.any():
            solvers = shlex.quote(",".join(task.solvers))
            return f"prbench run -d {shlex.quote(str(frame[own].iloc[0]['dataset']))} -s {solvers} --seeds 3"
    if frame["solver"].nunique() > 1:
        return f"prbench leaderboard {folder} --format markdown"
    row = frame.iloc[0]
    alone = str(row["solver"])
    others = [name for name in find_task_info(str(row["task"])).solvers if name != alone.partition("[")[0]][:2]
    suggested = ",".join([*others, alone])
    return f"prbench run -s {shlex.quote(suggested)} -d {shlex.quote(str(row['dataset']))} --seeds 3"
