"""Recipes: ``5*(20*ER+180*HIO)+20*ER`` as a sequence of steps."""

from __future__ import annotations

import re
from functools import cache

from prbench.errors import UsageError

_TOKEN = re.compile(r"\s*(?:(\d+)\s*\*|([A-Za-z]+)|([()+]))")
_MAX_STEPS = 10_000_000
_MAX_DEPTH = 50


@cache
def parse_recipe(text: str, algorithms: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """Blocks ``(algorithm, steps)`` in order, neighbours of equal algorithm joined.

    The grammar is ``block ("+" block)*`` with ``block = [count "*"] (algorithm | "(" recipe ")")``.

    Raises:
        UsageError: pointing at what cannot be read.
    """
    tokens = _tokens(text)
    blocks, rest = _sum(tokens, text, algorithms)
    if rest:
        raise UsageError(f"recipe {text!r}: cannot read from {rest[0]!r}; write it like 5*(20*ER+180*HIO)+20*ER")
    joined: list[tuple[str, int]] = []
    for name, steps in blocks:
        if joined and joined[-1][0] == name:
            joined[-1] = (name, joined[-1][1] + steps)
        elif steps:
            joined.append((name, steps))
    if not joined:
        raise UsageError(f"recipe {text!r} has no steps")
    return tuple(joined)


def fit_to_length(blocks: tuple[tuple[str, int], ...], iterations: int | None) -> tuple[tuple[str, int], ...]:
    """The recipe repeated or cut to ``iterations`` steps, its last block kept at the end; as it is where None."""
    if iterations is None or len(blocks) == 1:
        return blocks if iterations is None else ((blocks[0][0], iterations),)
    body, last = blocks[:-1], blocks[-1]
    room = max(0, iterations - last[1])
    fitted: list[tuple[str, int]] = []
    while room > 0:
        for name, steps in body:
            take = min(steps, room)
            if take:
                fitted.append((name, take))
            room -= take
    return (*fitted, (last[0], min(last[1], iterations)))


def _tokens(text: str) -> list[str]:
    tokens, at, depth = [], 0, 0
    while at < len(text.rstrip()):
        result = _TOKEN.match(text, at)
        if not result:
            raise UsageError(f"recipe {text!r}: cannot read from {text[at:]!r}; write it like 5*(20*ER+180*HIO)+20*ER")
        tokens.append(next(group for group in result.groups() if group))
        depth += (tokens[-1] == "(") - (tokens[-1] == ")")
        if depth > _MAX_DEPTH:
            raise UsageError(f"recipe: parentheses may be nested {_MAX_DEPTH} deep, found more")
        at = result.end()
    return tokens


def _sum(tokens: list[str], text: str, algorithms: tuple[str, ...]) -> tuple[list[tuple[str, int]], list[str]]:
    blocks, rest = _block(tokens, text, algorithms)
    while rest and rest[0] == "+":
        more, rest = _block(rest[1:], text, algorithms)
        blocks = blocks + more
    return blocks, rest


def _block(tokens: list[str], text: str, algorithms: tuple[str, ...]) -> tuple[list[tuple[str, int]], list[str]]:
    count = 1
    if tokens and tokens[0].isdigit():
        count, tokens = int(tokens[0]), tokens[1:]
    if not tokens:
        raise UsageError(f"recipe {text!r} ends too early; write it like 5*(20*ER+180*HIO)+20*ER")
    head, rest = tokens[0], tokens[1:]
    if head == "(":
        inner, rest = _sum(rest, text, algorithms)
        if not rest or rest[0] != ")":
            raise UsageError(f"recipe {text!r}: a parenthesis is not closed")
        blocks, rest = inner * count if count * len(inner) <= _MAX_STEPS else [], rest[1:]
    elif head.upper() in algorithms:
        blocks = [(head.upper(), count)]
    else:
        raise UsageError(f"recipe {text!r}: {head!r} is not one of {', '.join(algorithms)}")
    if count * len(blocks or [1]) > _MAX_STEPS or sum(steps for _, steps in blocks) > _MAX_STEPS or not blocks:
        raise UsageError(f"recipe {text!r} must have between 1 and {_MAX_STEPS} steps")
    return blocks, rest
