"""Is the living process what the release says? Compared before anyone is resumed.

Every first-party function that is alive must run a code object of the new release's compile (compared by identity:
the patch puts exactly these in); every name that the new source binds must be there, none that it dropped; every class
must have the members of its source. What differs is returned, not raised: the caller decides.
"""

from __future__ import annotations

import gc
import types
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..living.holders import Scan
from ..living.inventory import living_functions
from ..living.territory import territory_of
from ..patching.patch import Patch
from ..source.codetree import distinct_codes
from ..source.defuse import Home
from ..source.module import SourceModule
from ..source.plan import Graft


@dataclass(frozen=True)
class Difference:
    """One way in which the process is not the release."""

    where: str
    what: str
    file: str
    line: int | None = None
    home: Home | None = None
    """The module-level name that it belongs to, if it belongs to one."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def verify(patch: Patch, names: Mapping[str, list[str]] | None = None) -> list[Difference]:
    """Compare the process with the new release. `names` are the names that a cold import of it had, by module."""
    plan = patch.plan
    found = [
        *_functions(patch),
        *_defaults(patch),
        *_removed_members(patch),
        *(difference for name in plan.live if name in plan.new for difference in _names(patch, name, names)),
    ]
    return found


def _functions(patch: Patch) -> list[Difference]:
    wrong = _wrong_functions(patch, [*patch.functions, *living_functions(patch.files)])
    if wrong:
        del wrong
        patch.functions = []  # or our own list would keep garbage alive
        gc.unfreeze()
        gc.collect()
        wrong = _left(patch, _wrong_functions(patch, living_functions(patch.files)))
    return [_about(patch, function, "a living function runs code that is not the release's") for function in wrong]


def _left(patch: Patch, wrong: list[types.FunctionType]) -> list[types.FunctionType]:
    """But for those that only a request in flight has: they end with it, as its frames do, on their old code."""
    if not wrong:
        return []
    sources = {**patch.plan.old, **patch.plan.new}
    found = Scan(wrong, territory_of(sources), [wrong], names=True)
    ending = [one for index, one in enumerate(wrong) if found.ending >> index & 1 and not found.holders[index]]
    patch.orphans.update(ending)
    return [function for function in wrong if function not in patch.orphans]


def strangers(sources: Mapping[str, SourceModule], orphans: Collection[types.FunctionType] = ()) -> list[Difference]:
    """Living functions of these files that run code which no source here has, without an upgrade under way. `orphans`:
    those that are known to live on. Looks at every object, 10-50 ms for half a million."""
    codes = {source.path: distinct_codes(source) for source in sources.values()}
    by_path = {source.path: source for source in sources.values()}
    found = []
    for function in living_functions(codes.keys()):
        code = function.__code__
        if code not in codes[code.co_filename] and function not in orphans:
            source = by_path[code.co_filename]
            home = (source.name, code.co_qualname.partition(".")[0])
            what = "a living function runs code that is not the release's"
            found.append(Difference(code.co_qualname, what, source.shown, code.co_firstlineno, home))
    return found


def _about(patch: Patch, function: types.FunctionType, what: str) -> Difference:
    code = function.__code__
    sources = {source.path: source for source in {**patch.plan.old, **patch.plan.new}.values()}
    source = sources.get(code.co_filename)
    shown, home = code.co_filename, None
    if source is not None:
        shown, home = source.shown, (source.name, code.co_qualname.partition(".")[0])
    return Difference(code.co_qualname, what, shown, code.co_firstlineno, home)


def _wrong_functions(patch: Patch, functions: list[types.FunctionType]) -> list[types.FunctionType]:
    strangers = [function for function in functions if id(function.__code__) not in patch.known]
    if not strangers:
        return []
    same = _codes(patch)
    found: list[types.FunctionType] = []
    for function in strangers:
        if function not in patch.orphans and function.__code__ not in same.get(function.__code__.co_filename, ()):
            found.append(function)
    return found


def _defaults(patch: Patch) -> list[Difference]:
    """Functions with the release's code and other defaults than its source gives them."""
    found = []
    for function in patch.functions:
        header = patch.headers.get(id(function.__code__))
        if header is None or function in patch.orphans:
            continue
        keywords = frozenset(function.__kwdefaults__ or ())
        if len(function.__defaults__ or ()) != header.defaults or keywords != header.keyword_defaults:
            found.append(_about(patch, function, "its defaults are not the release's"))
    return found


def _codes(patch: Patch) -> dict[str, frozenset[types.CodeType]]:
    """The release's code objects by file, compared by value: a module that did not change holds those of its import."""
    return {source.path: distinct_codes(source) for source in patch.plan.new.values()}


def _removed_members(patch: Patch) -> list[Difference]:
    return [
        Difference(
            f"{item.cls.__module__}.{item.cls.__qualname__}",
            f"the member `{name}` should be gone",
            patch.plan.new[item.module].shown,
            home=(item.module, item.node_path[0]),
        )
        for item in patch.plan.work
        if isinstance(item, Graft)
        for name in sorted(item.deleted)
        if name in vars(item.cls)
    ]


def _names(patch: Patch, module: str, cold: Mapping[str, list[str]] | None) -> list[Difference]:
    source = patch.plan.new[module]
    namespace = vars(patch.plan.live[module])
    facts = patch.expected[module]
    expected = cold[module] if cold and module in cold else facts.names
    missing = [name for name in expected if name not in namespace and not name.startswith("__")]
    found = [
        Difference(module, f"the name `{name}` is missing", source.shown, home=(module, name))
        for name in sorted(missing)
    ]
    found += [
        Difference(module, f"the name `{name}` should be gone", source.shown, home=(module, name))
        for owner, name in patch.plan.deleted_names
        if owner == module and name in namespace and name not in expected
    ]
    if module in patch.plan.changed:
        for name, line, methods in facts.classes:
            found += _members(namespace.get(name), line, methods, source, (module, name))
    return found


def _members(cls: object, line: int, methods: frozenset[str], source: SourceModule, home: Home) -> list[Difference]:
    if type(cls) is not type:
        return []
    where = f"{cls.__module__}.{cls.__qualname__}"
    missing = sorted(methods - vars(cls).keys())
    return [Difference(where, f"the member `{name}` is missing", source.shown, line, home) for name in missing]
