"""Small changes to a solution, to see which of them a hidden suite misses.

    for mutant in mutants(find("a5")):
        mutant.unit, mutant.change      # "GPT.forward", "x + y -> x - y"
        mutant.files                    # the student's files with it

A mutant changes one thing in one marked region: an operator or operand, a constant, a comparison,
a call, an argument, a bound of a slice, a statement, or a function for one that looks alike.
`grader audit --mutants` grades them; one that loses no points survives. A suite's equivalent.toml
lists survivors that compute the same, each with its reason.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from grader.assignment import Assignment
from grader.authoring import skeleton
from grader.authoring.markers import Unit

OPERATORS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.Lt: (ast.LtE,),
    ast.LtE: (ast.Lt,),
    ast.Gt: (ast.GtE,),
    ast.GtE: (ast.Gt,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
}
_PAIRS = (
    "zeros ones, zeros_like ones_like, sum mean, max min, amax amin, tril triu, log exp, sin cos, "
    "rand randn, argmax argmin, any all, stack cat, softmax log_softmax, train eval, std var, "
    "cumsum cumprod, floor ceil, tanh sigmoid, append extend, query key, key value, ln1 ln2, "
    "normal_ uniform_, randint randrange, permutation arange, shape size"
)
ALIKE: dict[str, list[str]] = {}
for _pair in _PAIRS.split(", "):
    _one, _other = _pair.split()
    ALIKE.setdefault(_one, []).append(_other)
    ALIKE.setdefault(_other, []).append(_one)
SYMMETRIC = {"transpose", "min", "max"}  # the order of two arguments does not matter


@dataclass(frozen=True)
class Mutant:
    """One change of the solution."""

    unit: str
    change: str  # as in "x + y -> x - y", numbered if the unit has several that read alike
    files: dict[str, bytes]  # the student's files


def mutants(assignment: Assignment) -> list[Mutant]:
    """Every mutant of every marked region, in the files' order."""
    sources = skeleton.marked(assignment)
    plain = {name: text.encode() for name, (text, _) in sources.items()}
    found: list[Mutant] = []
    for name, (text, units) in sources.items():
        tree = ast.parse(text)
        for unit in units:
            seen: Counter[str] = Counter()
            for change, mutated in _of(tree, unit):
                seen[change] += 1
                label = change if seen[change] == 1 else f"{change} ({seen[change]})"
                files = plain | {name: ast.unparse(mutated).encode()}
                found.append(Mutant(unit.name, label, files))
    return found


def _of(tree: ast.Module, unit: Unit) -> Iterator[tuple[str, ast.Module]]:
    """(what changes, the changed module) for each mutant of a unit."""
    for place, node in enumerate(ast.walk(tree)):
        edits = _edits(node) if _inside(node, unit) else iter(())
        for edit in (*edits, *_dropped(node, unit)):
            mutated = copy.deepcopy(tree)
            twin = next(each for number, each in enumerate(ast.walk(mutated)) if number == place)
            before = _text(twin)
            after = edit(twin) or twin
            if ast.dump(after) == ast.dump(node):
                continue  # two equal arguments were swapped, say
            _replace(mutated, twin, after)
            ast.fix_missing_locations(mutated)
            yield edit.__doc__ or f"{before} -> {_text(after)}", mutated


def _replace(tree: ast.Module, old: ast.AST, new: ast.AST) -> None:
    """Puts a node in the place of another one of the tree."""
    for parent in ast.walk(tree) if new is not old else ():
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list):
                value[:] = [new if each is old else each for each in value]


def _inside(node: ast.AST, unit: Unit) -> bool:
    return unit.region.begin < getattr(node, "lineno", 0) < unit.region.end


def _edits(node: ast.AST) -> Iterator[Edit]:
    """Each changes a copy of the node in place, or returns what takes its place."""
    match node:
        case ast.BinOp(op=op):
            yield from (_set("op", new()) for new in OPERATORS.get(type(op), ()))
            yield from (_field("left"), _field("right"))
            if isinstance(op, ast.MatMult):
                yield _swap("left", "right")
        case ast.BoolOp(op=op):
            yield from (_set("op", new()) for new in OPERATORS.get(type(op), ()))
        case ast.Compare(ops=[op]):
            yield from (_set("ops", [new()]) for new in OPERATORS.get(type(op), ()))
        case ast.Constant(value=bool(value)):
            yield _set("value", not value)
        case ast.Constant(value=int(value)):
            yield from (_set("value", new) for new in (value + 1, value - 1))
        case ast.Constant(value=float(value)):
            yield _set("value", 2 * value or 1.0)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield _field("operand")
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield _set("test", ast.UnaryOp(ast.Not(), test))
        case ast.Call(func=func, args=args, keywords=keywords):
            yield from _calls(func, args, keywords)
        case ast.Slice():
            yield from (_set(f, None) for f in ("lower", "upper") if getattr(node, f) is not None)
        case ast.AugAssign(op=op):
            yield from (_set("op", new()) for new in OPERATORS.get(type(op), ()))


def _calls(func: ast.expr, args: list[ast.expr], keywords: list[ast.keyword]) -> Iterator[Edit]:
    """Another function, swapped or dropped arguments, a wrong dimension."""
    field = "attr" if isinstance(func, ast.Attribute) else "id"
    name = getattr(func, field, "")
    yield from (_named(field, other) for other in ALIKE.get(name, ()))
    if args and not any(isinstance(arg, ast.Starred) for arg in args):
        yield _first_argument
    if len(args) > 1 and not any(isinstance(arg, ast.Starred) for arg in args):
        yield _without("args", len(args) - 1)
        if name not in SYMMETRIC:
            yield _swapped_arguments
    for place in range(len(keywords)):
        yield _without("keywords", place)


def _dropped(node: ast.AST, unit: Unit) -> Iterator[Edit]:
    """Drops a statement of the unit that stands in this node, if the rest still makes sense."""
    for field in ("body", "orelse"):
        children = getattr(node, field, None)
        for place, child in enumerate(children if isinstance(children, list) else ()):
            if _inside(child, unit) and _can_go(child):
                yield _without_statement(field, place, _text(child))


def _can_go(statement: ast.stmt) -> bool:
    """Not a definition, a return, or the assignment of a name that is used later."""
    if isinstance(statement, ast.Assign):
        return not isinstance(statement.targets[0], ast.Name | ast.Tuple)
    return isinstance(statement, ast.Expr | ast.AugAssign | ast.If | ast.For | ast.With)


Edit = Callable[[Any], None]


def _set(field: str, value: Any) -> Edit:
    return lambda node: setattr(node, field, value)


def _named(field: str, name: str) -> Edit:
    return lambda node: setattr(node.func, field, name)


def _swap(one: str, other: str) -> Edit:
    def edit(node: Any) -> None:
        left, right = getattr(node, one), getattr(node, other)
        setattr(node, one, right)
        setattr(node, other, left)

    return edit


def _field(name: str) -> Edit:
    """The node gives way to a part of it: `x + y` to x, `-x` to x."""
    return lambda node: getattr(node, name)


def _first_argument(node: Any) -> Any:  # no docstring: it would be what the mutant is called
    return node.args[0]  # `f(x)` becomes x


def _swapped_arguments(node: Any) -> None:
    node.args[0], node.args[1] = node.args[1], node.args[0]


def _without(field: str, place: int) -> Edit:
    def edit(node: Any) -> None:
        del getattr(node, field)[place]

    return edit


def _without_statement(field: str, place: int, text: str) -> Edit:
    def edit(node: Any) -> None:
        getattr(node, field)[place] = ast.Pass()

    edit.__doc__ = f"{text} -> (dropped)"
    return edit


def _text(node: ast.AST) -> str:
    """A node on one line."""
    return " ".join(ast.unparse(node).split())[:200]
