"""Submodules that no import statement names, and names of a package that mean a submodule in the end, though a
statement binds them to something else.

Importing a submodule makes it an attribute of its package when it is done (as `importlib` does). Where a statement of
the package binds the same name before that (`import pkg.flash` in `pkg/__init__.py` binds `pkg`, and there is a
`pkg/pkg.py`), the submodule wins. A living package executes only the statement. Covered by the comparison with a cold
import.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..source.defuse import Home
from ..source.module import Statement
from ..source.plan import Execute, Twin
from .context import Context


def settled_submodules(context: Context) -> list[Home]:
    """The package and the name of each submodule that takes the place of what an executed statement bound."""
    executed = [item for item in context.plan.work if isinstance(item, Execute | Twin)]
    homes = {(item.module, name) for item in executed for name in item.statement.binds}
    return sorted(home for home in homes if comes_last(context, *home))


def comes_last(context: Context, package: str, name: str) -> bool:
    """A cold import of the new release finishes the submodule after its package bound its name otherwise."""
    submodule = f"{package}.{name}"
    if submodule not in context.new or not context.new[package].is_package:
        return False
    binder = context.new_names.binders(package).get(name)
    bound = next((at for at, (_, statement) in enumerate(context.order) if statement is binder), None)
    done = [at for at, (module, _) in enumerate(context.order) if module == submodule]
    return bound is not None and bool(done) and done[-1] > bound


def found_by_loops(context: Context, fresh: Sequence[str], reached: Collection[str]) -> None:
    """Write into the plan which of the new modules are added: those that statements import, and those that a rehearsal
    missed in their package, as code there imports by names that it works out."""
    plan = context.plan
    plan.found = [name for name in fresh if name not in reached and name.rpartition(".")[::2] in context.also]
    plan.added = [name for name in fresh if name in reached or name in plan.found]
    if len(fresh) > len(plan.added):
        texts = [source.text for source in context.new.values()]
        plan.may_find = any(word in text for text in texts for word in ("import_module", "__import__"))


def beyond(context: Context, module: str, statement: Statement) -> list[str]:
    """Names that the living module has and a cold import has not, when it comes to a bare call: of what stands below
    it, and submodules that are imported later."""
    if statement.kind != "expr":
        return []
    at = next((i for i, (_, one) in enumerate(context.order) if one is statement), 0)
    above = {name for owner, one in context.order[:at] if owner == module for name in one.binds}
    start = f"{module}."
    later = {owner for owner, _ in context.order[at:]}
    done = {owner for owner, _ in context.order[:at] if owner.startswith(start)} - later
    above |= {owner.removeprefix(start).partition(".")[0] for owner in done}
    return sorted(name for name in context.namespace(module) if not name.startswith("__") and name not in above)
