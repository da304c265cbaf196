"""Puts some of a student's functions into the reference solution, to try them apart from the rest.

A unit is a function with a marked region, named as in "Block.forward". Of a file with units to
keep, everything of the student's stays (helpers, imports, constants, changes to given code) except
the other units: a class of theirs is replaced whole, a function or method by its own. Of a file
without any, only what the student added stays. Raises GraftFailed if that cannot be done.

It only parses, and runs in a worker that never runs student code.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef
_Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
Texts = Mapping[str, str]  # {file: text}
Units = Mapping[str, Collection[str]]  # {file: names of its units}
_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


class GraftFailed(Exception):
    """The graft cannot be made; the message says why, in words that a student may read."""


def graft(student: Texts, reference: Texts, units: Units, keep: Collection[str]) -> dict[str, str]:
    """{file: text} with the student's `keep` and the reference's other units.

    `keep` may also name files, whose code outside of units is then the student's.
    """
    files = dict(student)
    for name, own in units.items():
        kept = set(keep) & {*own, name}
        files[name] = _file(name, student.get(name, ""), reference[name], own, kept)
    return files


def survey(student: Texts, skeleton: Texts, units: Units) -> tuple[list[str], list[str]]:
    """The units that are still the skeleton's, and the files with changes outside of units."""
    unwritten, changed = [], []
    for file, own in units.items():
        blank = ast.parse(skeleton[file])
        try:
            theirs = ast.parse(student.get(file, ""))
            bodies, blanks = _functions(theirs), _functions(blank)
            same = [n for n in own if n in bodies and _body(bodies[n]) == _body(blanks[n])]
            differs = _given(theirs, blank, own) != _given(blank, blank, own)
        except _UNREADABLE:
            continue
        unwritten += same
        changed += [file] if differs else []
    return unwritten, changed


def differences(student: Texts, reference: Texts, units: Units) -> set[str]:
    """The units that differ from the reference's, and the files that differ elsewhere."""
    found = set()
    for file, own in units.items():
        theirs, ours = ast.parse(student[file]), ast.parse(reference[file])
        bodies, right = _functions(theirs), _functions(ours)
        found |= {n for n in own if n not in bodies or ast.dump(bodies[n]) != ast.dump(right[n])}
        if _given(theirs, ours, own) != _given(ours, ours, own):
            found.add(file)
    return found


def _given(tree: ast.Module, blank: ast.Module, units: Collection[str]) -> list[str]:
    """What the skeleton gives, as it stands in `tree`: all but imports, and units' bodies."""
    names = set(_bound(blank.body))
    own = {name: function for name, function in _functions(tree).items() if name in units}
    for function in own.values():
        function.body = []
    nodes = [node for node in tree.body if names & set(_bound([node]))]
    dumps = [ast.dump(node) for node in nodes if not isinstance(node, ast.Import | ast.ImportFrom)]
    return sorted(dumps)


def answer(request: str, student: Any, other: Any, units: Units, keep: Any = ()) -> Any:
    """A worker's answer to verdict/grafts.py; texts cross as arrays of uint8.

    "survey" (`other` is the skeleton): what `survey` returns. "graft" (`other` is the reference):
    {file: array}, or one line that says why not.
    """
    import numpy  # a worker has it; the rest of this module needs only the standard library

    if request == "survey":
        return survey(_texts(student), _texts(other), units)
    try:
        files = graft(_texts(student), _texts(other), units, keep)
    except GraftFailed as error:
        return str(error)
    return {name: numpy.frombuffer(text.encode(), numpy.uint8) for name, text in files.items()}


def _texts(arrays: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: array.numpy().tobytes().decode(errors="replace") for name, array in arrays.items()
    }


def _body(function: Function) -> str:
    """A function's statements without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return ast.dump(ast.Module(body, []))


def _file(name: str, student: str, reference: str, units: Collection[str], keep: set[str]) -> str:
    right = ast.parse(reference)
    try:
        theirs = ast.parse(student)
    except _UNREADABLE:
        if keep:
            raise GraftFailed(f"{name} is not valid Python") from None
        return reference
    missing = sorted(keep - _functions(theirs).keys() - {name})
    if missing:
        raise GraftFailed(f"{name} has no function {missing[0]}")
    body = _with_units(theirs, right, units, keep) if keep else _with_additions(theirs, right)
    try:
        return ast.unparse(ast.Module(body, []))
    except RecursionError:
        if keep:
            raise GraftFailed(f"{name} is nested too deeply") from None
        return reference


def _with_additions(theirs: ast.Module, right: ast.Module) -> list[ast.stmt]:
    """The reference's statements, after the student's imports and definitions of other names."""
    known = set(_bound(right.body))
    added = [
        node
        for node in theirs.body
        if isinstance(node, (*_Definition, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign))
        and not _is_future(node)
        and not known & set(_bound([node]))
    ]
    first = _first_free(right.body)
    return [*right.body[:first], *added, *right.body[first:]]


def _with_units(
    theirs: ast.Module, right: ast.Module, units: Collection[str], keep: set[str]
) -> list[ast.stmt]:
    """The student's statements, with the reference's units for those that are not kept."""
    tops = {unit.split(".")[0] for unit in units}
    kept = {unit.split(".")[0] for unit in keep}
    if not keep <= set(units):  # the file's own code, which classes hold too
        kept |= {unit.split(".")[0] for unit in units if "." in unit}
    own = {node.name: node for node in right.body if isinstance(node, _Definition)}
    body: list[ast.stmt] = []
    for node in theirs.body:
        name = node.name if isinstance(node, _Definition) else ""
        if name in tops and name not in kept:
            node = own[name]
            if node in body:
                continue  # the student defines it twice
        elif name in kept and isinstance(node, ast.ClassDef) and name in own:
            _replace_methods(node, own[name], {u for u in units if u not in keep})
        body.append(node)
    bound = set(_bound(body))
    lacking = [n for n in right.body if _bound([n]) and not set(_bound([n])) <= bound]
    definitions = [node for node in lacking if isinstance(node, _Definition)]
    others = [node for node in lacking if node not in definitions and not _is_future(node)]
    first = _first_free(body)
    return [*body[:first], *others, *body[first:], *definitions]


def _replace_methods(theirs: ast.stmt, right: ast.stmt, units: set[str]) -> None:
    """Puts the reference's methods among `units`, and those that are missing, into a class."""
    if not isinstance(theirs, ast.ClassDef) or not isinstance(right, ast.ClassDef):
        return
    present = {node.name for node in theirs.body if isinstance(node, Function)}
    new = {
        node.name: node
        for node in right.body
        if isinstance(node, Function)
        and (f"{right.name}.{node.name}" in units or node.name not in present)
    }
    theirs.body = [n for n in theirs.body if getattr(n, "name", None) not in new]
    theirs.body += new.values()


def _functions(tree: ast.Module) -> dict[str, Function]:
    """{"Class.method" or "function": the last definition of that name}."""
    found: dict[str, Function] = {}
    for node in tree.body:
        if isinstance(node, Function):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{n.name}": n for n in node.body if isinstance(n, Function)}
    return found


def _bound(nodes: Iterable[ast.stmt]) -> list[str]:
    """The names that statements at the top of a module bind."""
    return [name for node in nodes for name in _names(node)]


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, _Definition):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        inner = (each for target in targets for each in ast.walk(target))
        yield from (each.id for each in inner if isinstance(each, ast.Name))


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _first_free(body: list[ast.stmt]) -> int:
    """Where an import may stand: after the docstring and the imports from __future__."""
    first = 0
    for place, node in enumerate(body):
        docstring = (
            place == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        )
        if not (docstring or _is_future(node)):
            break
        first = place + 1
    return first
