"""pydantic: models are made again in place, what embeds them is built again, instances get their new fields.

The class statement is executed under `recast`, so that pydantic's own metaclass makes the living class anew: fields,
validators, serializers, computed fields, configuration and bases are then what they are in a cold import. Models
derived from it follow, in the order of the source.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..living.inventory import subclasses
from ..living.pydantic import SCHEMA, base_model, model_fields, version
from ..planning.context import COLD, Adapter, Context
from ..planning.dependents import judge_reader
from ..planning.judge_classes import all_classes
from ..planning.judge_renamed import renamed_gap
from ..planning.left_behind import left_behind
from ..source.codetree import transplant
from ..source.defuse import Home
from ..source.diff import Change, NamespaceDiff, Verdict, diff
from ..source.module import Statement, dotted_name, statements_of
from ..source.nodes import nodes_of
from ..source.paths import LATER
from ..source.plan import Action, Execute, Graft, Twin
from ..source.values import is_pure, value_of
from .former_configs import FormerConfigs
from .instances import InstanceFill, InstanceRebuild, initialised, is_settings
from .lasting import lasting_defaults, lasting_fields
from .moved import MovedSchemas
from .parametrized import Parametrized, named
from .remapping import why_not_remapped
from .response_copies import ResponseCopies, is_copy_of
from .schemas import SchemaRefresh, built_of, is_generic_of, models

_REBUILDS = frozenset({"model_rebuild", "update_forward_refs"})


class ModelsAdapter(Adapter):
    """Claims class statements of pydantic models, and module-level values that are their instances."""

    def knows(self, cls: type) -> bool:
        return is_model(cls)

    def registers(self, context: Context, module: str, statement: Statement) -> bool:
        """`Item.model_rebuild()` at module level: it may be run again at any time."""
        return _rebuilt_by(context, module, statement) is not None

    def recasts(self, context: Context, module: str, change: Change, living: type, of: str | None) -> bool:
        if not is_model(living) or is_table(living) or change.new is None or change.old is None:
            return False
        old, new = change.old.node, change.new.node
        if not isinstance(old, ast.ClassDef) or not isinstance(new, ast.ClassDef):
            return False
        members = diff(
            statements_of(old.body, docstring=True, postponed=context.old[module].postponed),
            statements_of(new.body, docstring=True, postponed=context.new[module].postponed),
        )
        if of is None and members.quiet and _header(old) == _header(new):
            return False  # the code of methods and validators is swapped
        if change.new in context.planned:
            return True
        if (gap := _gap(context, module, old, new, living)) is not None:
            context.refuse(module, change.new, gap[0], do=gap[1])
            return True
        why = f"it was built from {of}" if of else "the model changed; the class stays the same object"
        _remake(context, module, change.new, living, why, members)
        return True

    def takes(self, context: Context, module: str, change: Change, rebound: set[str]) -> bool:
        """An assignment whose living value is a model: made anew, and poured into the living one."""
        new, old = change.new, change.old
        if new is None or old is None or len(new.binds) != 1:
            return False
        living = context.value(module, new.binds[0])
        if not is_model(type(living)) or is_table(type(living)) or not isinstance(value_of(new.node), ast.Call):
            return False
        _rebuild_value(context, module, old, new, living)
        return True

    def built_of(self, cls: type) -> Iterable[object]:
        return built_of(cls)

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        if base_model() is None:
            return
        gone = list(named(context))
        if gone or context.plan.work or context.plan.added:
            context.plan.registrations.insert(0, Parametrized(gone))
        remade, changed = _changed_classes(context)
        for module, statement in context.order:
            cls = _rebuilt_by(context, module, statement)
            if cls is not None and (cls in remade.values() or _is_new(diffs, module, statement)):
                context.execute(module, statement)
        moved = [move.living for move in context.plan.moves if isinstance(move.living, type)]
        if moved:
            context.plan.registrations.insert(0, MovedSchemas(moved))
        if not changed:
            return
        dataclasses = [
            cls
            for name, module in context.live.items()
            for cls in all_classes(vars(module), name)
            if "__pydantic_validator__" in vars(cls) and not is_model(cls)
        ]
        known = models()
        for origin in remade.values():
            known = [cls for cls in known if not is_generic_of(cls, origin)]
        context.plan.registrations.insert(0, SchemaRefresh(changed, remade, dataclasses, known, _due(context, known)))
        if remade:
            lasting = {cls: lasting_fields(context, cls) for cls in remade.values()}
            context.plan.registrations.append(InstanceFill(remade, lasting))
        if version() < (2, 0):
            context.plan.registrations += [ResponseCopies(changed), FormerConfigs(changed)]


def _due(context: Context, known: Iterable[type]) -> Iterator[type]:
    """Models that wait for a name to be completed, as far as the release's own import does not."""
    for cls in known if context.drift is not None else ():
        entry = context.drift.new.get(f"{cls.__module__}:{cls.__qualname__}.{SCHEMA}") if context.drift else None
        if vars(cls).get("__pydantic_complete__") is False and entry is not None and entry[1] != LATER:
            yield cls


def is_model(cls: type) -> bool:
    base = base_model()
    return base is not None and isinstance(cls, type) and issubclass(cls, base)


def is_table(cls: type) -> bool:
    """An SQLModel that is mapped to a table: SQLAlchemy made more of it."""
    return "__mapper__" in vars(cls) or "__table__" in vars(cls)


def _header(node: ast.ClassDef) -> list[str]:
    return [ast.dump(part) for part in [*node.bases, *node.keywords, *node.decorator_list]]


def _is_new(diffs: Mapping[str, NamespaceDiff], module: str, statement: Statement) -> bool:
    changes = diffs[module].changes if module in diffs else ()
    return any(change.new is statement and change.verdict is not Verdict.SAME for change in changes)


def _changed_classes(context: Context) -> tuple[dict[Statement, type], set[type]]:
    """Classes that the plan makes again, by their statement; and those and all others whose schema may be another."""
    remade: dict[Statement, type] = {}
    changed: set[type] = set()
    for item in context.plan.work:
        found = getattr(item, "cls", None)
        if isinstance(item, Graft) and all(change.statement.kind == "def" for change in item.changes):
            continue
        if isinstance(item, Execute) and item.recast:
            found = context.value(item.module, item.statement.binds[0])
            if isinstance(found, type):
                remade[item.statement] = found
        if isinstance(found, type):
            changed.add(found)
        if isinstance(item, Twin):
            changed.update(one.cls for one in item.classes)
    return remade, changed


def _remake(
    context: Context, module: str, statement: Statement, living: type, why: str, members: NamespaceDiff
) -> None:
    context.execute(module, statement, recast=True, lasting=lasting_defaults(context, module, statement, living))
    context.step(module, statement, Action.GRAFT, why)
    home = (module, statement.binds[0])
    if any(_depended_on(context, m, s, home) for m, s in context.order):
        context.reshaped.add(home)  # FastAPI took its signature apart
    derived: list[type] = type.__subclasses__(living)
    for sub in derived:
        if is_copy_of(sub, living):
            continue
        if not is_generic_of(sub, living):
            _remake_derived(context, statement, module, sub)
        else:
            further: list[type] = type.__subclasses__(sub)
            for below in further:
                _remake_derived(context, statement, module, below)
    _rebuild_values(context, module, living, members)


def _depended_on(context: Context, module: str, statement: Statement, home: Home) -> bool:
    """FastAPI makes a dependency of the class: it took its signature apart."""
    if home not in context.new_names.reads(module, statement):
        return False
    calls = [node for node in nodes_of(statement.node) if isinstance(node, ast.Call)]
    depends = [c for c in calls if (dotted_name(c.func) or "").rpartition(".")[2] in ("Depends", "Security")]
    return any(not c.args or context.new_names.home(module, ast.unparse(c.args[0])) == home for c in depends)


def _remake_derived(context: Context, base: Statement, module: str, cls: type) -> None:
    if cls.__module__ not in context.live or not is_model(cls):
        if is_model(cls) and (version() < (2, 0) or initialised([cls])):
            context.refuse(
                module, base, f"`{cls.__module__}.{cls.__qualname__}`, which no statement makes, derives from it"
            )
        return
    binder = context.new_names.definition((cls.__module__, cls.__qualname__)) if cls.__module__ in context.new else None
    if binder is not None and binder.kind == "class" and context.value(cls.__module__, cls.__qualname__) is cls:
        if is_table(cls):
            why = f"it is mapped to a table and derives from `{base.name}`, which changed"
            if (reason := why_not_remapped(cls)) is not None:
                context.refuse(cls.__module__, binder, f"{why}; {reason}")
            else:
                context.remapped.setdefault(cls, why)
        elif binder not in context.planned:
            nothing = NamespaceDiff((), frozenset())
            why = f"it derives from `{base.name}`, which changed"
            _remake(context, cls.__module__, binder, cls, why, nothing)
        return
    gone = "." not in cls.__qualname__ and (cls.__module__, cls.__qualname__) not in _defined(context)
    if not gone or _is_generic_of_1(cls) or initialised([cls]):
        context.refuse(module, base, f"`{cls.__qualname__}`, which is made inside of something, derives from it")


def _is_generic_of_1(cls: type) -> bool:
    """`Page[Item]`, as pydantic 1 makes it."""
    return version() < (2, 0) and "[" in cls.__name__


def _defined(context: Context) -> set[Home]:
    return {(m, name) for m, source in context.new.items() for s in source.statements for name in s.binds}


def _gap(context: Context, module: str, old: ast.ClassDef, new: ast.ClassDef, living: type) -> tuple[str, str] | None:
    """Living instances would have no value, or one of another type, for a field, or keep it under another name."""
    before, after = dict(_fields(old)), dict(_fields(new))
    needed = [n for n, f in after.items() if n not in before and _required(f) and n not in _inherited(living)]
    retyped = [n for n, f in after.items() if n in before and not _fits(before[n].annotation, f.annotation)]
    if is_settings(living):
        needed = []
    ours = {id(context.value(m, n)) for m in context.live for n in context.namespace(m)}

    def made() -> list[object]:
        return [one for one in initialised([living]) if id(one) not in ours]

    if not needed and not retyped:
        return None if is_settings(living) else renamed_gap(context, module, old, new, living, made)
    count = len(made())
    if not count or not left_behind(context, living, made):
        return None
    if needed:
        reason = f"{count} living instance(s) have no value for its new field `{needed[0]}`"
        return reason, f"give the field a default (`{needed[0]}: … = …`), or {COLD}"
    reason = f"{count} living instance(s) have a value of another type for `{retyped[0]}`"
    return reason, f"make the new type accept what the old one did, or {COLD}"


def _inherited(cls: type) -> set[str]:
    return {name for base in cls.__mro__[1:] for name in model_fields(base)}


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, ast.AnnAssign]]:
    for child in node.body:
        if isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
            if "ClassVar" not in ast.unparse(child.annotation) and not child.target.id.startswith("_"):
                yield child.target.id, child


def _required(field: ast.AnnAssign) -> bool:
    value = field.value
    if value is None or (isinstance(value, ast.Constant) and value.value is ...):
        return True
    if not isinstance(value, ast.Call) or not (dotted_name(value.func) or "").endswith("Field"):
        return False
    first = value.args[0] if value.args else None
    named = {keyword.arg for keyword in value.keywords}
    if isinstance(first, ast.Constant) and first.value is ...:
        return True
    return first is None and not named & {"default", "default_factory"}


def _fits(old: ast.expr, new: ast.expr) -> bool:
    """Every value of the old annotation is one of the new (equal, or a member of its union)."""
    return _members(old) <= _members(new)


def _members(annotation: ast.expr) -> set[str]:
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return _members(annotation.left) | _members(annotation.right)
    if isinstance(annotation, ast.Constant) and annotation.value is None:
        return {"None"}
    if isinstance(annotation, ast.Subscript):
        name = (dotted_name(annotation.value) or "").rpartition(".")[2]
        inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        if name == "Optional":
            return _members(inner[0]) | {"None"}
        if name == "Union":
            return set().union(*map(_members, inner))
        if name == "Annotated":
            return _members(inner[0])
    return {ast.unparse(annotation).lower() if isinstance(annotation, ast.Subscript) else ast.unparse(annotation)}


def _rebuild_values(context: Context, module: str, living: type, members: NamespaceDiff) -> None:
    """Module-level instances of a model that is made again; and what was made from their changed attributes."""
    kinds = {living, *subclasses(living)}
    changed = {name for c in members.changes if c.verdict is not Verdict.SAME for name in c.statement.binds}
    changed |= members.deleted_names
    for name, source in context.new.items():
        if name not in context.live:
            continue
        for statement in source.statements:
            value = value_of(statement.node)
            if statement.kind != "assign" or len(statement.binds) != 1 or not isinstance(value, ast.Call):
                continue
            one = context.value(name, statement.binds[0])
            if type(one) in kinds and statement not in context.planned:
                before = context.old_names.binders(name).get(statement.binds[0]) if name in context.old else None
                _rebuild_value(context, name, before or statement, statement, one, changed)


def _rebuild_value(
    context: Context, module: str, old: Statement, new: Statement, living: Any, changed: set[str] | None = None
) -> None:
    if new in context.planned:
        return
    name = new.binds[0]
    context.judged.add(new)
    context.execute(module, new)
    context.step(module, new, Action.REBUILD, "made anew and poured into the living object; what changed since stays")
    cold = _cold(context, module, old, name)
    lasting = lasting_fields(context, type(living), f"{module}:{name}")
    context.plan.registrations.append(InstanceRebuild(new, name, context.namespace(module), cold, lasting))
    names = set(vars(living)) if changed is None else changed
    for where, statement in context.order:
        if where in context.live and (module, name) in context.new_names.reads(where, statement):
            hit = sorted(_attributes_of(context, where, statement, (module, name)) & names)
            if hit and statement not in context.judged and statement.kind != "import":
                context.judged.add(statement)
                context.touched.add(statement)
                judge_reader(context, where, statement, f"`{name}.{hit[0]}`", {(module, name)})


def _attributes_of(context: Context, module: str, statement: Statement, home: Home) -> set[str]:
    """Attributes of the object at `home` that a statement reads while it is executed."""
    found = set()
    for dotted in statement.reads:
        owner, _, attribute = dotted.rpartition(".")
        if owner and context.new_names.home(module, owner) == home:
            found.add(attribute)
    for node in nodes_of(statement.node):
        of = dotted_name(node.value) if isinstance(node, ast.Attribute) else None
        if isinstance(node, ast.Attribute) and of is not None:
            if context.new_names.home(module, of) == home and not _in_function(statement.node, node):
                found.add(node.attr)
    return found


def _in_function(top: ast.AST, node: ast.AST) -> bool:
    """`node` stands in the body of a function of the statement: it is read when that is called."""
    for child in nodes_of(top):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            if any(node is inner for part in child.body for inner in nodes_of(part)):
                return True
        elif isinstance(child, ast.Lambda) and any(node is inner for inner in nodes_of(child.body)):
            return True
    return False


def _cold(context: Context, module: str, old: Statement, name: str) -> dict[str, Any] | None:
    """What the old statement makes, where making it has no effect: its arguments are plain."""
    value = value_of(old.node)
    if module not in context.old or not isinstance(value, ast.Call):
        return None
    if not all(is_pure(part) for part in [*value.args, *(keyword.value for keyword in value.keywords)]):
        return None
    source = context.old[module]
    tree = ast.Module(body=[old.node], type_ignores=[])
    code = compile(tree, source.path, "exec", flags=source.future_flags, dont_inherit=True)
    scratch = dict(context.namespace(module))
    scratch["__annotations__"] = {}
    try:
        exec(transplant(code, source.code), scratch)
    except Exception:
        return None
    found = scratch.get(name)
    return dict(vars(found)) if type(found) is type(context.value(module, name)) else None


def _rebuilt_by(context: Context, module: str, statement: Statement) -> type | None:
    """The model that a bare `X.model_rebuild()` at module level is about."""
    node = statement.node
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call) or module not in context.live:
        return None
    owner, _, method = (dotted_name(node.value.func) or "").rpartition(".")
    if method not in _REBUILDS or not owner:
        return None
    found = context.resolve(module, owner)
    if isinstance(found, type) and is_model(found):
        return found
    return base_model() if found is None and context.new_names.home(module, owner) is not None else None
