"""Does what a student wrote use torch.nn? Read from the source, here, and never run.

From the functions of a task on, every name of the module is followed to what binds it: helpers,
imports, assignments, also those that change a class from outside. What is not on the way, such as a
cell that compares one's layers with torch.nn, is not looked at, nor what only bears the name of a
function's own variable. Ways to reach a module by a text (importlib, eval, getattr with a computed
name, ...) cannot be followed, so on the way they count as torch.nn; written by hand, these layers
have no use for them.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable, Iterator

MODULES = {"importlib", "ctypes", "engine", "trainer"}  # the last two compute the layers themselves
NAMES = {"__import__", "eval", "exec", "compile", "globals", "vars", "__builtins__"}
ATTRIBUTES = {"nn", "ops", "_C", "_nn", "modules", "__dict__", "__globals__", "__builtins__"}
KERNELS = ("batch_norm", "layer_norm", "group_norm", "instance_norm")  # whole layers, in torch too


def uses_torch_nn(source: str, names: Iterable[str]) -> bool:
    """Whether the functions and classes called `names`, or what they need, use torch.nn."""
    statements = list(_statements(ast.parse(source)))
    binders = [(statement, _bound(statement)) for statement in statements]
    waiting, seen = list(names), set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for statement in (statement for statement, bound in binders if name in bound):
            used = _used(symtable.symtable(ast.unparse(statement), "", "exec"))
            if used & NAMES or any(map(_offends, ast.walk(statement))):
                return True
            waiting += used - seen - set(waiting)
    return False


def _used(table: symtable.SymbolTable) -> set[str]:
    """The names of the module that a statement uses: not the arguments and locals of functions."""
    inner = set().union(*map(_used, table.get_children()))
    function = table.get_type() == "function"
    return inner | {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_global() or (symbol.is_referenced() and not function)
    }


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
        case ast.Name(id="self", ctx=ast.Store()):
            return True  # another thing under the name of what is looked at less closely
        case ast.Attribute(value=ast.Name(id="self")):
            return False  # a student's own attribute
        case ast.Attribute(attr=attr):
            return attr in ATTRIBUTES or any(kernel in attr for kernel in KERNELS)
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=value), *_]):
            return value in ATTRIBUTES
        case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id="self"), *_]):
            return False
        case ast.Call(func=ast.Name(id="getattr")):
            return True
    return False


def _forbidden(module: str) -> bool:
    first, *rest = module.split(".")
    inner = ".".join(rest)
    within = bool(rest) and (rest[0] in ATTRIBUTES or any(kernel in inner for kernel in KERNELS))
    return first in MODULES or (first == "torch" and within)
