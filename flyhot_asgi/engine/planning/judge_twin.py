"""When a class statement is executed whole, and what must hold for that: the plan of a `Twin`.

The member-wise graft is for classes that are no more than their members. Everything else is executed whole, and what it
makes is poured into the living class. Refused is only what is known to be wrong beforehand: living instances without a
place for what the new class gives them, members of an enum that somebody holds, values that the program and the
release both changed. The rest is seen when it is executed (layouts) or compared with a cold import (registries, values
that were computed from the class).
"""

from __future__ import annotations

import ast
import enum
import gc
from collections.abc import Iterator

from ..living.attributes import initialised, keeps_beside, lacking
from ..source.defuse import Home, Names
from ..source.diff import Change, NamespaceDiff, Verdict, diff
from ..source.effects import gives
from ..source.fielded import filled_in, has_default
from ..source.flags import bits_of, made_of, single_bits
from ..source.module import Statement, base_name, decorator_name, dotted_name, mangled, statements_of
from ..source.nodes import children_of, nodes_of
from ..source.plan import Action, Graft, Step, Twin, TwinOf
from ..source.schema import field_names, new_attributes, slots_of
from ..source.uses import attributes_changed
from ..source.values import value_of
from .annotated import annotated_otherwise
from .context import COLD, Context
from .doomed import held_when_done
from .judge_hashes import kept_by_hash
from .judge_instances import instance_gap
from .left_behind import EVERYTHING, Among, left_behind
from .unchanged import unchanged_by_program

_GENERATED = frozenset({"def", "class", "doc"})


def plan_twin(context: Context, module: str, old: ast.ClassDef, statement: Statement, live: type, why: str) -> bool:
    """Write the twin of a top-level class statement into the plan; False if it was refused."""
    new = statement.node
    assert isinstance(new, ast.ClassDef)
    twin = twin_of(context, module, old, statement, live)
    if twin is None:
        return False
    context.plan.work[:] = [i for i in context.plan.work if not (isinstance(i, Graft) and i.within(module, new.name))]
    context.plan.steps[:] = [s for s in context.plan.steps if not _about(s, module, new.name)]
    context.plan.work.append(twin)
    context.planned.add(statement)
    context.remade.add((module, new.name))
    if _has_other_bases(context, module, old, new) or slots_of(old) != slots_of(new) or keeps_beside(live):
        context.rebased.add((module, new.name))
    context.step(module, statement, Action.GRAFT, f"{why}; it is made anew, the class stays the same object")
    return True


def _has_other_bases(context: Context, module: str, old: ast.ClassDef, new: ast.ClassDef) -> bool:
    """Or another metaclass: by other words, or as what they say means something else now."""
    if [ast.dump(b) for b in [*old.bases, *old.keywords]] != [ast.dump(b) for b in [*new.bases, *new.keywords]]:
        return True
    bases = {home for base in new.bases for home in context.new_names.trail(module, base_name(base))}
    return bool(bases & (context.rebound | context.rebased))


def twin_of(context: Context, module: str, old: ast.stmt, statement: Statement, live: type) -> Twin | None:
    """What of the living class stays when its statement makes a twin; None if that was refused."""
    new = statement.node
    assert isinstance(old, ast.ClassDef) and isinstance(new, ast.ClassDef)
    if (problem := _instances_problem(context, module, old, new, live)) is not None:
        context.refuse(module, statement, problem[0], do=problem[1])
        return None
    if issubclass(live, enum.Enum):
        _refuse_members_held(context, module, statement, live, new)
    if issubclass(live, enum.Flag) and (reason := _combination_problem(context, live)) is not None:
        context.refuse(module, statement, reason)
        return None
    members = diff(statements_of(old.body, docstring=True), statements_of(new.body, docstring=True))
    classes = tuple(_classes(context, module, old, new, live, (new.name,)))
    state = frozenset(_changed_by_program(context, live))
    holders = tuple(_containers_of(context, [one.cls for one in classes]))
    return Twin(module, statement, classes, state, holders, members.deleted_names)


def twin_of_made(context: Context, module: str, statement: Statement, live: type) -> Twin:
    """Of an assignment that has a function make the class: nothing of the living one stays as it is."""
    one = TwinOf(live, statement.binds, frozenset(), frozenset(vars(live)))
    return Twin(
        module, statement, (one,), frozenset(state_names(context)), tuple(_containers_of(context, [live])), frozenset()
    )


def _about(step: Step, module: str, name: str) -> bool:
    return step.module == module and (step.name == name or step.name.startswith(f"{name}."))


def _classes(
    context: Context, module: str, old: ast.ClassDef, new: ast.ClassDef, live: type, path: tuple[str, ...]
) -> Iterator[TwinOf]:
    members = diff(statements_of(old.body, docstring=True), statements_of(new.body, docstring=True))
    bound = frozenset(name for statement in statements_of(new.body, docstring=True) for name in statement.binds)
    same = [one for one in members.changes if one.verdict is Verdict.SAME or annotated_otherwise(one) is not None]
    rebound = {name for m in members.changes if m not in same for name in m.statement.binds}
    touched = {
        name
        for change in members.changes
        if change.statement.kind in ("block", "expr", "other") or not change.statement.binds
        for name in change.statement.reads
        if change.verdict is not Verdict.SAME
    }
    rebound |= {name.partition(".")[0] for name in touched}
    keep = {
        name
        for change in same
        if change.statement.kind == "assign" and not _depends(context, module, change.statement, rebound)
        for name in change.statement.binds
        if not (_fresh(context, module, change.statement) and unchanged_by_program(context, live, name))
    }
    made = {
        name
        for one in same
        if _makes(context, module if module in context.live else live.__module__, one.statement)
        for name in one.statement.binds
    }
    stays, has, fresh = (
        frozenset(mangled(name, path[-1]) for name in names) for names in (keep - rebound, bound, made & keep - rebound)
    )
    exchanged = frozenset(mangled(n, path[-1]) for c in members.changes if _exchanged(c) for n in c.statement.binds)
    yield TwinOf(live, path, stays, has, fresh, exchanged)
    for change in members.changes:
        a, b = (s.node if s is not None else None for s in (change.old, change.new))
        if isinstance(a, ast.ClassDef) and isinstance(b, ast.ClassDef):
            nested = vars(live).get(b.name)
            if isinstance(nested, type):
                yield from _classes(context, module, a, b, nested, (*path, b.name))


def _exchanged(change: Change) -> bool:
    """A method under other decorators than before."""
    sides = [side.node for side in (change.old, change.new) if side is not None]
    functions = [node for node in sides if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lists = [[ast.dump(one) for one in node.decorator_list] for node in functions]
    return len(lists) == 2 and lists[0] != lists[1]


def _makes(context: Context, module: str, statement: Statement) -> bool:
    """Its value is a new object each time: a display, or an instance of a class of the app's."""
    value = value_of(statement.node)
    if isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
        return True
    called = context.resolve(module, dotted_name(value.func) or "") if isinstance(value, ast.Call) else None
    if not isinstance(called, type) or called.__module__ not in context.live:
        return False
    return not any("__new__" in vars(cls) for cls in called.__mro__[:-1])


def _depends(context: Context, module: str, statement: Statement, rebound: set[str]) -> bool:
    """Its value was made from something that is another one now."""
    if statement.reads & rebound or any(_is_exchanged(context, module, name) for name in statement.reads):
        return True
    called = context.new_names.reached(context.new_names.homes(module, statement.calls)).homes
    if called & (context.rebound | context.changed_bodies):
        return True
    homes = {home for name in statement.reads for home in context.new_names.trail(module, name)}
    return bool(homes & (context.rebound | context.changed_bodies | context.remade | context.also))


def _is_exchanged(context: Context, module: str, dotted: str) -> bool:
    """It is an attribute of a class (`Base.OPTIONS`) that is another value in the release."""
    owner, _, name = dotted.rpartition(".")
    cls = context.resolve(module, owner) if owner else None
    of = next((base for base in cls.__mro__ if name in vars(base)), None) if isinstance(cls, type) else None
    grafts = [item for item in context.plan.work if isinstance(item, Graft) and item.cls is of]
    return any(name in change.statement.binds for item in grafts for change in item.changes)


def _fresh(context: Context, module: str, statement: Statement) -> bool:
    """Of a class that moved: its value is made from objects that the module which it came to makes, too."""
    homes = {home for name in statement.reads for home in context.new_names.trail(module, name)}
    for home in homes - context.moved_to:
        definition = context.new_names.definition(home) if home[0] in context.plan.added else None
        if definition is not None and definition.kind != "import":
            return True
    return False


def _instances_problem(
    context: Context, module: str, old: ast.ClassDef, new: ast.ClassDef, live: type
) -> tuple[str, str] | None:
    if slots_of(old) != slots_of(new) and (problem := _layout_problem(context, module, old, new, live)) is not None:
        return problem
    if not (count := context.instances(live)):
        return None
    before, after = field_names(old), field_names(new)
    generated = _makes_fields(context.new_names, module, new) or _makes_fields(context.old_names, module, old)
    generated = generated and not issubclass(live, enum.Enum)  # its members are what the statement makes of them
    if issubclass(live, tuple) and list(before) != list(after):
        return f"its fields changed, and {count} living instance(s) are tuples of the old ones", COLD
    if generated:
        apart = "__attrs_attrs__" in vars(live) or bool(slots_of(new))  # these take the defaults out of the class
        given = filled_in if _by_dataclass(new) else has_default
        apart = apart and given is has_default
        missing = [name for name in after.keys() - before.keys() if apart or not given(new, name)]

        def incomplete() -> list[object]:
            return lacking(initialised(context.survey.objects(live), before), missing, ())

        if missing and (count := len(incomplete())):
            name = min(missing)
            default = "" if apart else f"a default (`{name}: … = …`) or "
            do = f"give the class {default}a `code_change`, or {COLD}"
            if not _migrates(context, live, incomplete):
                return f"{count} living instance(s) lack the field `{name}`", do
        count = context.instances(live)
    for name in ("__eq__", "__hash__"):
        if _defines(old, name) != _defines(new, name) and (kept := kept_by_hash(context, live)):
            return f"its `{name}` came or went, and sets and dicts keep {kept} living instance(s) by what it was", COLD
    if _arguments(old) != _arguments(new) and generated:
        if not _by_dataclass(old) or not _by_dataclass(new):
            return f"its decorators changed, and {count} living instance(s) were made under the old ones", COLD
        if kept := kept_by_hash(context, live):
            return f"its decorators changed, and sets and dicts keep {kept} living instance(s) by the old ones", COLD
    for base in _new_bases(context, module, old, new):
        if gained := new_attributes(_EMPTY, base):
            name = min(gained)
            if not _migrates(context, live, lambda: context.survey.objects(live)):
                return f"{count} living instance(s) lack the attribute `{name}` of its new base `{base.name}`", COLD
    return None


def _layout_problem(
    context: Context, module: str, old: ast.ClassDef, new: ast.ClassDef, live: type
) -> tuple[str, str] | None:
    """Why what lives can't give way to what has another layout: `patching.exchange` does that, where it can."""
    reason = "its `__slots__` changed, and with them the layout of its instances"
    if live.__module__ != module:
        return f"{reason}; it moved here, too", COLD
    if count := context.instances(live):
        units = context.units(live)
        if context.has_code_change(live) or _defines(new, "code_change") or (units and units is not EVERYTHING):
            return f"{reason}; {count} of them are alive, and units whose state is migrated", COLD
        return instance_gap(context, module, old, new, live)
    return None


_EMPTY = ast.ClassDef(name="", bases=[], keywords=[], body=[], decorator_list=[])


def _migrates(context: Context, live: type, among: Among) -> bool:
    return context.has_code_change(live) and not left_behind(context, live, among)


def _defines(node: ast.ClassDef, name: str) -> bool:
    return any(name in statement.binds for statement in statements_of(node.body, docstring=False))


_NO_FIELDS = frozenset({"final", "runtime_checkable", "total_ordering", "register", "unique", "deprecated"})


def _makes_fields(of: Names, module: str, node: ast.ClassDef) -> bool:
    """A decorator that may make an `__init__` of the annotated names: not one of the app's that gives the class back
    as it is."""
    names = []
    for decorator in node.decorator_list:
        name = decorator_name(decorator) or "?"
        home = of.home(module, name)
        definition = of.definition(home) if home is not None else None
        if definition is None or not _hands_back(definition.node, called=isinstance(decorator, ast.Call)):
            names.append(name)
    return any(name.rpartition(".")[2] not in _NO_FIELDS for name in names)


def _by_dataclass(node: ast.ClassDef) -> bool:
    """No decorator but `dataclass`, whose arguments change the class alone (a layout is looked at when it is made)."""
    return all((decorator_name(one) or "").rpartition(".")[2] == "dataclass" for one in node.decorator_list)


def _hands_back(node: ast.stmt, *, called: bool) -> bool:
    """The decorator returns what it got and sets nothing on it."""
    sets = any(isinstance(child, ast.Attribute) and not isinstance(child.ctx, ast.Load) for child in nodes_of(node))
    sets = sets or any(isinstance(child, ast.Name) and child.id == "setattr" for child in nodes_of(node))
    inner = next((n for n in children_of(node) if isinstance(n, ast.FunctionDef)), None) if called else node
    return not sets and inner is not None and gives(inner, called=False) == "function"


def _arguments(node: ast.ClassDef) -> list[str]:
    return sorted(ast.dump(d) for d in node.decorator_list)


def _new_bases(context: Context, module: str, old: ast.ClassDef, new: ast.ClassDef) -> Iterator[ast.ClassDef]:
    before = {base_name(base) for base in old.bases}  # `Repo[Post]` in place of `Repo[User]` is none
    for base in new.bases:
        if base_name(base) in before:
            continue
        home = context.new_names.home(module, base_name(base))
        definition = context.new_names.definition(home) if home is not None else None
        if definition is not None and isinstance(definition.node, ast.ClassDef):
            yield definition.node


def _refuse_members_held(
    context: Context, module: str, statement: Statement, live: type[enum.Enum], new: ast.ClassDef
) -> None:
    """Members that go while somebody holds them would be no members of anything; seen when all else is planned."""
    bound = {name for one in statements_of(new.body, docstring=False) for name in one.binds}
    gone = [m for name, m in list(vars(live)["_member_map_"].items()) if name not in bound and m._name_ == name]

    def judge() -> None:
        anew = [one for adapter in context.adapters for one in adapter.built_of(live)]
        for member in gone:
            if held := held_when_done(context, member, [*_enum_insides(live), *anew]):
                why = f"its member `{member._name_}` is gone from the source, but still held by {', '.join(held)}"
                context.refuse(module, statement, why)
                return

    if gone:
        context.deferred.append(judge)


def _combination_problem(context: Context, live: type) -> str | None:
    """What somebody combined of a flag's members is known by its value alone; if theirs change, it means others."""
    members, drift = vars(live)["_member_map_"], context.drift
    described = drift.described("new", (live.__module__, live.__qualname__)) if drift is not None else {}
    values = {path[1:-8]: entry[1] for path, entry in described.items() if path.endswith("._value_")}
    after = single_bits({name: int(text) for name, text in values.items() if text.isdigit()})
    before = bits_of(members)
    if not after or {name: after.get(name) for name in before} == before:
        return None
    own = {id(member) for member in members.values()}
    known = vars(live)["_value2member_map_"]
    for value in list(known):
        if id(known[value]) in own or made_of(before, value) == made_of(after, value):
            continue
        if held := context.held_elsewhere(known[value], _enum_insides(live), by_anybody=True):
            names = " | ".join(sorted(made_of(before, value)))
            return f"its members get other values, and `{names}`, which is kept by its value, is held by {held[0]}"
    return None


def _enum_insides(live: type) -> list[object]:
    found: list[object] = [live, *gc.get_referents(live.__dict__)]
    for key in ("_member_map_", "_value2member_map_"):
        found.append(vars(live)[key])
    for value in vars(live).values():
        if type(value).__module__ == "enum":
            found += [value, getattr(value, "__dict__", None)]
    return found


def state_names(context: Context) -> set[str]:
    if context.attributes_changed is None:
        context.attributes_changed = set().union(*(attributes_changed(source) for source in context.old.values()))
    return context.attributes_changed


def _changed_by_program(context: Context, live: type) -> set[str]:
    """Of these, what the program may have set on the class since it was imported: a decorator or a hook sets others."""
    drift, home = context.drift, (live.__module__, live.__qualname__)
    if drift is None or not drift.known(home):
        return state_names(context)
    return {name for name in state_names(context) if name not in vars(live) or drift.by_program(home, f".{name}")}


def _containers_of(context: Context, classes: list[type]) -> Iterator[object]:
    """Containers that hold one of the living classes: registries. Classes' own dicts are journaled with them."""
    own = {*(id(cls.__mro__) for cls in classes), *map(id, context.survey.tables)}
    for holder in gc.get_referrers(*classes):
        if type(holder).__module__ in ("builtins", "collections") and isinstance(holder, dict | list | set):
            if id(holder) in own or holder is classes or (isinstance(holder, dict) and _is_class_dict(holder)):
                continue
            yield holder


def _is_class_dict(holder: dict[object, object]) -> bool:
    return "__module__" in holder and "__doc__" in holder


def derives_from_remade(context: Context, module: str, statement: Statement) -> set[Home]:
    """Classes that are made anew, among the bases of an unchanged class that took more from them than inheritance."""
    node = statement.node
    if not isinstance(node, ast.ClassDef) or not context.remade:
        return set()
    bases = {home for base in node.bases for home in context.new_names.trail(module, base_name(base))}
    hit = bases & context.remade
    if hit & context.rebased:
        context.rebased.add((module, node.name))
        return hit
    return hit if hit and _takes_more(context.value(module, node.name), node) else set()


def _takes_more(live: object, node: ast.ClassDef) -> bool:
    if not isinstance(live, type):
        return False
    hooked = any("__init_subclass__" in vars(base) for base in live.__mro__[1:] if base.__module__ != "builtins")
    return bool(node.decorator_list) or type(live) not in (type,) or hooked


def unchanged(node: ast.ClassDef) -> NamespaceDiff:
    members = statements_of(node.body, docstring=True)
    return NamespaceDiff(tuple(Change(Verdict.SAME, m, m) for m in members), frozenset())
