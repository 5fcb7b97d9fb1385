"""Code objects of two compiles of one module, matched. Pure.

A code object is found by its **path**: the names from the module down, each with its place among siblings of one name
(`[("Room", 0), ("join", 0), ("<lambda>", 1)]`). Lambdas and repeated names are matched by place when both sides have
equally many, else by equal contents; what stays unmatched has no counterpart, and a living function made of it can't
be brought to the new source.
"""

from __future__ import annotations

import ast
import difflib
import dis
import hashlib
import inspect
import sys
import types
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import TypeAlias

from .decided import IDLE
from .diff import Change
from .module import SourceModule
from .nodes import children_of

Path: TypeAlias = tuple[tuple[str, int], ...]


def children(code: types.CodeType) -> list[types.CodeType]:
    """The code objects nested directly in `code`, in source order."""
    return [const for const in code.co_consts if isinstance(const, types.CodeType)]


def codes_of(source: SourceModule) -> tuple[types.CodeType, ...]:
    """All code objects of a module's compile but its own."""
    return source.once("codes", lambda one: tuple(code for _, code in walk(one.code)))


def distinct_codes(source: SourceModule) -> frozenset[types.CodeType]:
    """The same, to be looked up by what they do."""
    return source.once("distinct codes", lambda one: frozenset(codes_of(one)))


def code_digest(code: types.CodeType) -> str:
    """A digest of all that a code object does and where it stands: equal for equal source, in every process."""
    text = hashlib.sha256()
    numbers = (code.co_firstlineno, code.co_flags, code.co_argcount, code.co_kwonlyargcount)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    text.update(repr((code.co_name, code.co_qualname, numbers, names)).encode())
    text.update(code.co_code)
    text.update(code.co_exceptiontable)
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            text.update(code_digest(const).encode())
        elif isinstance(const, frozenset):
            text.update(repr(sorted(map(repr, const))).encode())
        else:
            text.update(repr(const).encode())
    return text.hexdigest()[:16]


def walk(code: types.CodeType, path: Path = ()) -> Iterator[tuple[Path, types.CodeType]]:
    """Every code object below `code` (not itself) with its path, parents first."""
    seen: dict[str, int] = defaultdict(int)
    for child in children(code):
        here = (*path, (child.co_name, seen[child.co_name]))
        seen[child.co_name] += 1
        yield here, child
        yield from walk(child, here)


Owners: TypeAlias = Mapping[int, str]
"""Line → the names bound by the statement of the module, or of a class body, that stands there."""


def match(
    old: types.CodeType, new: types.CodeType, owners: tuple[Owners, Owners] = ({}, {})
) -> dict[types.CodeType, types.CodeType]:
    """Old code object → its counterpart in the new compile, at every depth.

    `owners` (of the old and of the new source) tell lambdas of modules and class bodies apart, which have no names of
    their own.
    """
    pairs: dict[types.CodeType, types.CodeType] = {}
    for a, b in _match(old, new, owners):
        pairs.setdefault(a, b)
    return pairs


def _match(
    old: types.CodeType, new: types.CodeType, owners: tuple[Owners, Owners] = ({}, {})
) -> Iterator[tuple[types.CodeType, types.CodeType]]:
    before, after = _by_name(old, owners[0]), _by_name(new, owners[1])
    for name in before.keys() - after.keys():  # their statement is gone, or was renamed
        before[("<lambda>", "") if name[0] == "<lambda>" else name] += before.pop(name) if name[1] else []
    for name in after.keys() - before.keys():
        after[("<lambda>", "") if name[0] == "<lambda>" else name] += after.pop(name) if name[1] else []
    for name, olds in before.items():
        news = after.get(name, [])
        owned = name[0] == "<lambda>" and bool(name[1])
        for a, b in zip(olds, news, strict=True) if owned and len(olds) == len(news) else _pair_siblings(olds, news):
            yield a, b
            yield from _match(a, b, owners if not a.co_flags & inspect.CO_NEWLOCALS else ({}, {}))


def _by_name(code: types.CodeType, owners: Owners) -> dict[tuple[str, str], list[types.CodeType]]:
    named: dict[tuple[str, str], list[types.CodeType]] = defaultdict(list)
    for child in children(code):
        owner = owners.get(child.co_firstlineno, "")
        if owner == IDLE:
            continue
        owner = owner if child.co_name == "<lambda>" else ""
        name = child.co_name if child.co_flags & inspect.CO_NEWLOCALS else f"class {child.co_name}"
        named[(name, owner)].append(child)  # a function and a class of one name are no counterparts
    return named


def _pair_siblings(
    olds: list[types.CodeType], news: list[types.CodeType]
) -> list[tuple[types.CodeType, types.CodeType]]:
    """Equal contents first (in order, then anywhere), what is left in order if equally many are left."""
    kinds: list[types.CodeType] = []
    keys = [[_kind_of(code, kinds) for code in side] for side in (olds, news)]
    blocks = difflib.SequenceMatcher(a=keys[0], b=keys[1], autojunk=False).get_matching_blocks()
    taken = {block.a + i: block.b + i for block in blocks for i in range(block.size)}
    free = [k for k in range(len(news)) if k not in taken.values()]
    for here in range(len(olds)):
        twin = next((k for k in free if here not in taken and keys[1][k] == keys[0][here]), None)
        if twin is not None:
            taken[here] = twin
            free.remove(twin)
    pairs = {here: news[k] for here, k in taken.items()}
    if olds[0].co_name == "<lambda>" and len(olds) == len(news):
        # By place it is another one than by contents: nobody can tell, unless it is in its place.
        pairs = {here: code for here, code in pairs.items() if keys[0][here] == keys[1][here]}
    left = [here for here in range(len(olds)) if here not in pairs]
    if len(left) == len(free):
        pairs.update(zip(left, (news[k] for k in free), strict=True))
    elif left and free and olds[0].co_name != "<lambda>" and left[-1] == len(olds) - 1 and free[-1] == len(news) - 1:
        pairs[left[-1]] = news[-1]  # the last binder of a name is the one that lives
    return [(olds[here], pairs[here]) for here in sorted(pairs)]


def _kind_of(code: types.CodeType, kinds: list[types.CodeType]) -> int:
    """A number that code objects of equal contents share."""
    for number, known in enumerate(kinds):
        if same_contents(known, code):
            return number
    kinds.append(code)
    return len(kinds) - 1


def same_contents(a: types.CodeType, b: types.CodeType) -> bool:
    """Equal but for where they stand: names, constants, bytecode, at every depth; no line numbers."""
    if (a.co_name, a.co_code, a.co_names, a.co_varnames, a.co_freevars, a.co_cellvars, a.co_flags) != (
        b.co_name,
        b.co_code,
        b.co_names,
        b.co_varnames,
        b.co_freevars,
        b.co_cellvars,
        b.co_flags,
    ):
        return False
    if len(a.co_consts) != len(b.co_consts) or a.co_exceptiontable != b.co_exceptiontable:
        return False
    return all(_same_const(x, y) for x, y in zip(a.co_consts, b.co_consts, strict=True))


def _same_const(x: object, y: object) -> bool:
    if isinstance(x, types.CodeType) and isinstance(y, types.CodeType):
        return same_contents(x, y)
    return type(x) is type(y) and repr(x) == repr(y)


def changed_lambdas(change: Change, old: types.CodeType) -> list[types.CodeType]:
    """The old code objects of lambdas in a statement, outside of its functions, whose bodies changed."""
    assert change.old is not None and change.new is not None
    before, after = _lambdas(change.old.node), _lambdas(change.new.node)
    if len(before) != len(after):
        return []
    moved = [a for a, b in zip(before, after, strict=True) if ast.dump(a) != ast.dump(b)]
    codes = [code for _, code in walk(old) if code.co_name == "<lambda>"]
    return [code for code in codes if any(_is_code_of(code, node) for node in moved)]


def _is_code_of(code: types.CodeType, node: ast.Lambda) -> bool:
    """Several lambdas may share a line: told apart by where their bodies begin, if the compiler noted columns."""
    if code.co_firstlineno != node.lineno:
        return False
    spots = {(line, column) for line, _, column, _ in code.co_positions() if column is not None}
    begins = {(node.body.lineno, node.body.col_offset), (node.lineno, node.col_offset)}
    return not spots - {(node.lineno, 0)} or bool(begins & spots)  # 3.12 places a constant's return at column 0


def _lambdas(node: ast.AST) -> list[ast.Lambda]:
    found: list[ast.Lambda] = []
    stack = [node]
    while stack:
        child = stack.pop(0)
        if isinstance(child, ast.Lambda):
            found.append(child)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            stack.extend([*child.decorator_list, *child.args.defaults, *filter(None, child.args.kw_defaults)])
        else:
            stack.extend(children_of(child))
    return found


def place(code: types.CodeType) -> tuple[str, int, str]:
    """What tells code objects of one file apart without comparing them: qualified name, first line, name."""
    return (code.co_qualname, code.co_firstlineno, code.co_name)


def by_place(code: types.CodeType) -> dict[tuple[str, int, str], list[types.CodeType]]:
    """All code objects below `code`, by place. Several lambdas may share a line, hence lists."""
    found: dict[tuple[str, int, str], list[types.CodeType]] = defaultdict(list)
    for _, child in walk(code):
        found[place(child)].append(child)
    return found


def transplant(code: types.CodeType, canonical: types.CodeType, opened: Collection[str] = ()) -> types.CodeType:
    """`code` with every nested code object replaced by the equal-placed one of `canonical`.

    Those whose qualified names are in `opened` (bodies of classes) are kept, with what is in them replaced.

    Compiling one statement by itself gives other bytecode than compiling the whole module; only the latter counts, as
    it is what a cold import runs and what the verification compares with.
    """
    known = by_place(canonical)

    def replaced(const: object) -> object:
        if not isinstance(const, types.CodeType):
            return const
        twins = known.get(place(const), [])
        if not twins or const.co_qualname in opened:
            return transplant(const, canonical, opened)
        return twins[0] if len(twins) == 1 else max(twins, key=lambda twin: _likeness(twin, const))

    return code.replace(co_consts=tuple(replaced(const) for const in code.co_consts))


def _likeness(a: types.CodeType, b: types.CodeType) -> tuple[bool, int, bool]:
    """How sure it is that two code objects of one line are one: several lambdas may share it, with equal contents."""
    spots = [{spot for spot in code.co_positions() if spot[2]} for code in (a, b)]
    return (a.co_varnames == b.co_varnames, len(spots[0] & spots[1]), same_contents(a, b))


ClassFacts: TypeAlias = tuple[int, tuple[str, ...] | None]


def class_facts(code: types.CodeType) -> dict[str, ClassFacts]:
    """Qualified name → first line and `__static_attributes__` of each class statement below `code` (3.13+)."""
    found: dict[str, ClassFacts] = {}
    for _, child in walk(code):
        if "__static_attributes__" in child.co_names:
            found.setdefault(child.co_qualname, (child.co_firstlineno, _static_attributes(child)))
    return found


def _static_attributes(code: types.CodeType) -> tuple[str, ...] | None:
    before = None
    for instruction in dis.get_instructions(code):
        if instruction.opname.startswith("STORE_") and instruction.argval == "__static_attributes__":
            return before if isinstance(before, tuple) else None
        before = instruction.argval
    return None


def docstring(code: types.CodeType) -> str | None:
    """The docstring that a function made of `code` gets."""
    if sys.version_info >= (3, 14) and not code.co_flags & 0x4000000:
        return None
    first = code.co_consts[0] if code.co_consts else None
    return first if isinstance(first, str) and code.co_name != "<lambda>" else None
