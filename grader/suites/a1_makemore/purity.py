"""Does what a student wrote use torch.nn? Read from the source, here, and never run.

From the functions of a task on, every name is followed to what binds it in the module: helpers,
imports, assignments, also those that change a class from outside. What is not on the way, such as a
cell that compares one's layers with torch.nn, is not looked at. Ways to reach a module by a text
(importlib, eval, getattr with a computed name, ...) cannot be followed, so on the way they count as
torch.nn; written by hand, these layers have no use for them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

MODULES = {"importlib", "ctypes", "engine", "trainer"}  # the last two compute the layers themselves
NAMES = {"__import__", "eval", "exec", "compile", "globals", "vars", "__builtins__"}
ATTRIBUTES = {"nn", "ops", "_C", "_nn", "modules", "__dict__", "__globals__", "__builtins__"}


def uses_torch_nn(source: str, names: Iterable[str]) -> bool:
    """Whether the functions and classes called `names`, or what they need, use torch.nn."""
    statements = list(_statements(ast.parse(source)))
    binders = [(statement, _bound(statement)) for statement in statements]
    waiting, seen = list(names), set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for statement in (statement for statement, bound in binders if name in bound):
            nodes = list(ast.walk(statement))
            if any(map(_offends, nodes)):
                return True
            used = {node.id for node in nodes if isinstance(node, ast.Name)}
            waiting += used - seen - set(waiting)
    return False


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """The statements that bind names of the module: also those inside an if, a try, a loop."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'":
            continue
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            yield node
        elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            if isinstance(node, ast.stmt):
                yield node
            yield from _statements(node)


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement gives a value, or whose value it changes."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
    if isinstance(statement, ast.Expr):  # setattr(Linear, "__call__", ...)
        call = statement.value
        changes = isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        return _bases(call.args[:1]) if changes and call.func.id == "setattr" else set()
    targets = getattr(statement, "targets", [getattr(statement, "target", None)])
    walrus = [node.target for node in ast.walk(statement) if isinstance(node, ast.NamedExpr)]
    return _bases([target for target in [*targets, *walrus] if target is not None])


def _bases(targets: Iterable[ast.AST]) -> set[str]:
    """`Linear` of the target `Linear.__call__`, a and b of `a, b[0]`."""
    return {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}


def _offends(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=names):
            return any(_forbidden(alias.name) for alias in names)
        case ast.ImportFrom(module=module, names=names):
            return any(_forbidden(f"{module}.{alias.name}") for alias in names)
        case ast.Attribute(value=ast.Name(id="self")):
            return False  # a student's own attribute
        case ast.Attribute(attr=attr):
            return attr in ATTRIBUTES
        case ast.Name(id=name):
            return name in NAMES
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=value), *_]):
            return value in ATTRIBUTES
        case ast.Call(func=ast.Name(id="getattr")):
            return True
    return False


def _forbidden(module: str) -> bool:
    first, *rest = module.split(".")
    return first in MODULES or (first == "torch" and bool(rest) and rest[0] in ATTRIBUTES)
