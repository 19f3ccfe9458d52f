"""Every small mistake that is made in a module, one at a time: cosmic-ray's operators, less those that say nothing.

Of the comparisons and of arithmetic each is exchanged for its opposite and for its neighbour at the boundary, as
mutmut does it: `+` for `>>` breaks at once, and `is` for `==`, between members of an enumeration, never.
https://cosmic-ray.readthedocs.io/en/latest/reference/operators.html
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import ndiff
from pathlib import Path

import cosmic_ray.plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator

EXCHANGED = """
    Add_Sub Sub_Add Mul_Div Div_Mul FloorDiv_Mul Mod_Mul Pow_Mul BitOr_BitAnd BitAnd_BitOr BitXor_BitOr LShift_RShift
    RShift_LShift Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt Eq_NotEq NotEq_Eq Is_IsNot IsNot_Is
    Delete_Not Delete_USub USub_UAdd
"""
NO_BEHAVIOUR = re.compile(r"^@dataclass\(|^[^→]*\(.*\*, .* → .*\(.*/, |^\*, → /,$|^if TYPE_CHECKING: →")
"""What keeps data frozen and parameters to their names, and what types need, is seen by mypy and by nobody else."""
OPPOSITE = {ast.Eq: ast.NotEq, ast.Lt: ast.GtE, ast.Gt: ast.LtE, ast.Is: ast.IsNot, ast.In: ast.NotIn}
OPPOSITE |= {other: one for one, other in OPPOSITE.items()}


@dataclass(frozen=True, slots=True)
class Mistake:
    module: str
    function: str
    line: int
    text: str
    code: str

    @property
    def name(self) -> str:
        """By what it does and not by its line, so that a reason given for it outlives lines added above it."""
        return f"{self.function}: {self.text}"


def mistakes_in(root: Path, module: str) -> Iterator[Mistake]:
    """`module` is a path below `root`."""
    source = (root / module).read_text(encoding="utf-8")
    tree, places, seen = get_ast(source), _places(source), {_meaning(source)}
    nodes = list(ast_nodes(tree))
    for name in sorted(cosmic_ray.plugins.operator_names()):
        if not _says_something(name):
            continue
        operator = cosmic_ray.plugins.get_operator(name)()
        starts = [start for node in nodes for start, _ in operator.mutation_positions(node)]
        for occurrence, (line, _) in enumerate(starts):
            code = _changed(source, operator, occurrence)
            meaning, told = _meaning(code or source), _told(source, code or source)
            if meaning and meaning not in seen and not NO_BEHAVIOUR.search(told):
                seen.add(meaning)
                yield Mistake(module, places(line), line, told, code)


def _says_something(name: str) -> bool:
    _, _, short = name.partition("/")
    kind, _, exchange = short.partition("_")
    if kind in ("ReplaceBinaryOperator", "ReplaceComparisonOperator", "ReplaceUnaryOperator"):
        return exchange in EXCHANGED.split()
    # These two want to be told names of variables.
    return kind not in ("VariableReplacer", "VariableInserter")


def _changed(source: str, operator: Operator, occurrence: int) -> str | None:
    try:
        changed: str | None = mutate_code(source, operator, occurrence)
    except AttributeError:
        # ExceptionReplacer takes `except errors.Refused` for a single name.
        return None
    return changed


def _meaning(source: str) -> str:
    """The same for `not a == b` and `a != b`, which two operators make of `a == b`. Empty for what is no Python."""
    try:
        return ast.unparse(_Plain().visit(ast.parse(source)))
    except SyntaxError:
        return ""


class _Plain(ast.NodeTransformer):
    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        inner = node.operand
        if isinstance(node.op, ast.Not) and isinstance(inner, ast.Compare) and len(inner.ops) == 1:
            inner.ops = [OPPOSITE[type(inner.ops[0])]()]
            return inner
        return inner.operand if isinstance(inner, ast.UnaryOp) and isinstance(inner.op, type(node.op)) else node


def _told(before: str, after: str) -> str:
    """The lines that differ, as a reader of the documentation sees them."""
    lines = list(ndiff(before.splitlines(), after.splitlines()))
    was = " ".join(line[2:].strip() for line in lines if line.startswith("- "))
    now = " ".join(line[2:].strip() for line in lines if line.startswith("+ "))
    return f"{was} → {now}" if now else f"{was} → nothing"


def _places(source: str):  # type: ignore[no-untyped-def]
    """A function that names the innermost function or class around a line."""
    spans = sorted(
        (node.lineno - len(node.decorator_list), node.end_lineno or 0, node.name)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
    )

    def place(line: int) -> str:
        return next((name for first, last, name in reversed(spans) if first <= line <= last), "module")

    return place
