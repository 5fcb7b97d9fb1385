"""One plan, compiled and then applied: a single synchronous call that journals every step.

`stage()` does everything that can be done while users are served: compiles the statements, matches old code objects to
new ones, imports third-party modules that are new. `apply()` changes the process; it awaits nothing, and whatever it
raises leaves the journal able to undo what was done. Nothing here decides: the plan has decided.
"""

from __future__ import annotations

import gc
import sys
import types
import weakref
from contextlib import ExitStack

from ...errors import UpgradeError
from ..living.inventory import functions_of, is_one_of, living_functions, module_of, subclasses
from ..source.codetree import ClassFacts, class_facts, codes_of, distinct_codes, match
from ..source.expected import Expected, annotated_names, expected_of
from ..source.headers import Header, headers
from ..source.plan import COLD, Execute, Graft, Plan, Twin
from ..source.raising import exited
from .answers import Answers
from .cells import cells_before, put_back
from .codes import exchange_codes, order_annotations, unannotate
from .defaults import KeptDefaults
from .derived import Derived
from .documented import Documented
from .earlier import as_it_stands
from .exchange import Exchanging
from .execute import Executor, annotation_only, compile_nodes, compile_statement
from .facts import refresh_facts
from .fielding import fielding
from .finder import ReleaseFinder
from .forgetting import forgetting
from .graft import apply_graft, compile_graft
from .journal import Journal
from .managers import Managers
from .move import Moves
from .ordering import Ordered, ordered_by_release, settle_order
from .overloads import settle_overloads, touch_overloads
from .packages import import_ahead, import_found, settle_places, settle_submodules, touch_modules
from .rebuilding import rebuilt_by
from .registration import Registration
from .remake import Remaking
from .shown import show_source
from .split import Firsts
from .state import touch_state
from .swapping import swap
from .twin import TwinPourer, forget_aliases, free

_FEW = 8
"""Up to so many modules it is quicker to ask the collector who refers to them than to look at each object."""


class Patch:
    """A plan ready to be applied to this process, once."""

    def __init__(self, plan: Plan, finder: ReleaseFinder, *, keep_syntax: bool = False) -> None:
        self.plan = plan
        self._finder = finder
        self._keep_syntax = keep_syntax
        """For the next plan, which is made a moment later."""
        self._codes: list[types.CodeType | None] = []
        self._exchanging = Exchanging(plan.live)
        self._registrations = [self._exchanging, *rebuilt_by(plan), *plan.registrations, *forgetting(plan)]
        self._registrations += fielding(plan)
        self._answers, self._derived, self._defaults = Answers(plan), Derived(plan), KeptDefaults(plan)
        self._counterparts: dict[str, dict[types.CodeType, types.CodeType]] = {}
        self.known: set[int] = set()
        """Ids of the code objects that a first-party function may run after the patch."""
        self._canonical: list[object] = []
        self._ordered: list[Ordered] = []
        self._facts: dict[str, dict[str, ClassFacts]] = {}
        self._unannotated: dict[str, set[str]] = {}
        """By module, names that its new source annotates no more."""
        self.expected: dict[str, Expected] = {}
        self.headers: dict[int, Header] = {}
        """By id of the changed modules' code objects: what their functions' defaults must be."""
        self.functions: list[types.FunctionType] = []
        """The living first-party functions that the patch may have to do with."""
        self._seen_ahead: list[weakref.ref[types.FunctionType]] = []
        self._classes_ahead: list[weakref.ref[type]] | None = None
        """The app's classes, if somebody has looked ahead."""
        self._managers = Managers([plan.old[name] for name in [*plan.changed, *plan.deleted] if name in plan.old])
        self._others: weakref.WeakSet[types.FunctionType] = weakref.WeakSet()
        """Functions of first-party files with the globals of no living module: of a module imported twice."""
        self.orphans: weakref.WeakSet[types.FunctionType] = weakref.WeakSet(plan.orphans)
        """Functions that earlier upgrades deleted and that something (an idle thread, a cache) has not let go."""

    def stage(self) -> None:
        """Compile and match everything; import what is new from elsewhere. May be called in a thread.

        Raises SourceError (with file and line) if something does not compile, UpgradeError if an import fails.
        """
        plan = self.plan
        self._derived.stage()
        self._defaults.stage()
        self._ordered = ordered_by_release(plan)
        self._codes = [self._compile(item) for item in plan.work]
        for name in plan.changed:
            old, new = plan.old[name], plan.new[name]
            self._counterparts[old.path] = match(old.code, new.code, (old.owners, new.owners))
            self._unannotated[name] = annotated_names(old.tree.body) - annotated_names(new.tree.body)
            self.headers.update(headers(new.tree, new.code))
            if sys.version_info >= (3, 13):
                self._facts[new.path] = class_facts(new.code)
        for name in plan.new:
            codes = codes_of(plan.new[name])
            self._canonical.append(codes)
            self.known.update(id(code) for code in codes)
        self._recognise()
        self.expected = {name: expected_of(plan.new[name]) for name in plan.new if name in plan.live}
        for name in plan.preimport:
            import_ahead(name)
        if not self._keep_syntax:
            self._forget()

    def look_ahead(self) -> None:
        """Find the functions that live now, and what frameworks keep of the app, so that `apply()` need only look at
        what came since: hide the rest from it, with `StillCollector.hide()`. May be called in a thread."""
        self._seen_ahead = [weakref.ref(function) for function in self._look()]
        self._classes_ahead = [weakref.ref(cls) for cls in subclasses(object) if module_of(cls) in self.plan.live]
        self._answers.look()
        self._managers.look()
        for registration in self._registrations:
            registration.look()

    def _forget(self) -> None:
        """Let go of the syntax of modules that do not change: the heap is looked through while sessions are held."""
        changed = {*self.plan.changed, *self.plan.added, *self.plan.deleted}
        for sources in (self.plan.old, self.plan.new):
            for name, source in sources.items():
                if name not in changed:
                    source.forget()

    def _recognise(self) -> None:
        """Code objects that live now and equal the release's: those of modules that do not change. What was made since
        the plan is compared when it is met."""
        changed = {self.plan.old[name].path: distinct_codes(self.plan.old[name]) for name in self.plan.changed}
        same = {source.path: distinct_codes(source) for source in self.plan.new.values()}
        found, strangers, twice = [], False, set[int]()
        namespaces = {id(vars(module)) for module in self.plan.live.values()}
        for function in filter(None, [ref() for ref in self.plan.seen]):
            code = function.__code__
            if code.co_filename not in changed and code in same.get(code.co_filename, ()):
                found.append(code)
                continue
            strangers = strangers or (code not in changed.get(code.co_filename, ()) and function not in self.orphans)
            strangers = strangers or (id(code) in twice and "<locals>" not in code.co_qualname)
            twice.add(id(code))
            if id(function.__globals__) not in namespaces:  # of a module whose import failed, say
                self._others.add(function)
                strangers = True
        self._canonical.append(found)
        self.known.update(id(code) for code in found)
        if strangers:  # as a rule garbage of an earlier upgrade: what is kept of the living would keep it alive
            del function
            gc.collect()

    def _compile(self, item: Execute | Graft | Twin) -> types.CodeType | None:
        source = self.plan.new[item.module]
        if isinstance(item, Twin):
            return compile_statement(source, item.statement, inside=True)
        if isinstance(item, Graft):
            return compile_graft(source, item)
        if not item.annotate_only:
            return compile_statement(source, item.statement, recast=item.recast, entered=not item.unentered)
        return compile_nodes(source, annotation_only(item.statement))

    @property
    def files(self) -> list[str]:
        return [source.path for source in {**self.plan.old, **self.plan.new}.values()]

    def apply(self, journal: Journal) -> None:
        """Make the change. Raises whatever a statement of the release raises; the caller then rolls back.

        Call it within `StillCollector`, or a collection may run the app's finalizers in the middle.
        """
        try:
            self._apply(journal)
        except SystemExit as exc:
            raise exited(exc, self.plan.new.values()).with_traceback(exc.__traceback__) from exc

    def _apply(self, journal: Journal) -> None:
        self.functions = self._living()
        classes = self._classes()
        for registration in self._registrations:
            registration.look()
        self._answers.look(again=False)
        if not gc.isenabled():
            gc.freeze()  # the second look, at the verification, then sees only what is new
        journal.note("caches of what functions are", self._clear_caches)
        self._answers.touch(journal)
        self._derived.begin(journal)
        self._defaults.begin(journal)
        swap(self.functions, self._counterparts, self.known, journal)
        for holder in self.plan.code_holders:
            exchange_codes(holder, self._counterparts, self.known, journal)
        self._clear_caches()
        self._answers.forget()
        before = self._finder.modules
        journal.note("the import finder", lambda: setattr(self._finder, "modules", before))
        self._finder.modules = self.plan.new
        if self._finder not in sys.meta_path:
            journal.note("the import finder's place", self._finder.uninstall)
            self._finder.install()
        touch_modules(journal)
        settle_places(self.plan, self._finder, journal)
        touch_state(self.plan, journal, classes)
        stubs = touch_overloads(self.plan.changed, journal)
        for registration in self._registrations:
            registration.begin(journal)
        documented = Documented(self.functions if self.plan.work else ())
        if self.plan.work:
            journal.note("what `typing` remembers of classes", forget_aliases)
            forget_aliases()
        moves, firsts = Moves(self.plan), Firsts(classes if classes is not None and self.plan.work else ())
        self._execute(moves, journal)
        import_found(self.plan, journal)
        settle_submodules(self.plan, journal)
        second = moves.rest(journal)
        self.orphans.update(settle_overloads(self.plan.changed, self.known, stubs))
        for registration in self._registrations:
            try:
                registration.finish(journal)
            except UpgradeError as exc:
                self._place_remade(exc, registration)
                raise
        self._exchanging.prove()
        firsts.check()
        documented.finish(journal)
        self._defaults.finish(journal)
        free(second, journal)
        self._delete(journal)
        settle_order(self._ordered, self.plan.live, journal)
        self._finish_modules(journal)
        self._derived.finish(journal)
        self._managers.renew(journal)
        self._clear_caches()
        self._answers.forget()

    def _execute(self, moves: Moves, journal: Journal) -> None:
        """All that the plan executes, in its order."""
        executor = Executor(journal, self.plan.live, self.plan.work)
        cells = {name: cells_before(kept, vars(self.plan.live[name])) for name, kept in self.plan.cells.items()}
        for item, code in zip(self.plan.work, self._codes, strict=True):
            try:
                names = vars(self.plan.live[item.module])
                with as_it_stands(item, self.plan.new[item.module], names, journal):
                    self._do(item, code, executor, journal)
                    put_back(cells.get(item.module, {}), names, journal)
                moves.to_imported(journal)
            except UpgradeError as exc:
                self._place(exc, item)
                raise

    def _living(self) -> list[types.FunctionType]:
        ahead = [function for ref in self._seen_ahead if (function := ref()) is not None]
        return list({id(function): function for function in [*ahead, *self._look()]}.values())

    def _classes(self) -> list[type] | None:
        """Those seen ahead, and those that were made since."""
        if self._classes_ahead is None or not (self.plan.work or self.plan.added):
            return None
        ahead = [cls for ref in self._classes_ahead if (cls := ref()) is not None]
        since = [one for one in gc.get_objects() if issubclass(type(one), type)]
        return list(dict.fromkeys([*ahead, *since]))

    def _look(self) -> list[types.FunctionType]:
        """First-party functions of changed and deleted modules, those of copies of such modules included. By their
        files, where looking at each object is quicker."""
        names = [*self.plan.changed, *self.plan.deleted]
        modules = [self.plan.live[name] for name in names]
        if len(modules) > _FEW:
            sides = (self.plan.old, self.plan.new)
            paths = {side[name].path for side in sides for name in names if name in side}
            return [f for f in living_functions(self.files) if f.__code__.co_filename in paths or f in self._others]
        files = set(self.files)
        return [f for f in [*functions_of(modules), *self._others] if is_one_of(f, files)]

    def _place(self, exc: UpgradeError, item: Execute | Graft | Twin) -> None:
        """What a step of ours found in the way is told by the statement that it was done for."""
        if exc.file is None and not isinstance(item, Graft):
            exc.file, exc.line = self.plan.new[item.module].shown, item.statement.line
            exc.do = exc.do or COLD

    def _place_remade(self, exc: UpgradeError, registration: Registration) -> None:
        """The same, of an object that is made again: told by the statement that binds it."""
        one = registration.at if isinstance(registration, Remaking) else None
        if exc.file is None and one is not None:
            binder = next((s for s in self.plan.new[one.module].statements if one.name in s.binds), None)
            exc.file, exc.line = self.plan.new[one.module].shown, binder.line if binder is not None else None
            exc.do = exc.do or COLD

    def _do(
        self, item: Execute | Graft | Twin, code: types.CodeType | None, executor: Executor, journal: Journal
    ) -> None:
        namespace = vars(self.plan.live[item.module])
        if isinstance(item, Twin):
            assert code is not None
            self._twin(item, code, executor, journal)
            return
        if isinstance(item, Graft):
            apply_graft(item, code, namespace, journal)
            for registration in self._registrations:
                registration.grafted(item, journal)
            return
        assert code is not None
        for registration in self._registrations:
            registration.show(item.statement, journal)
        with ExitStack() as stack:
            for registration in self._registrations:
                stack.enter_context(registration.around(item.statement))
            executor.run(item, code, namespace)
        for registration in self._registrations:
            registration.tell(item.statement, executor.poured)
        for registration in self._registrations:
            registration.collect(item.statement, journal)

    def _twin(self, item: Twin, code: types.CodeType, executor: Executor, journal: Journal) -> None:
        namespace, pourer = vars(self.plan.live[item.module]), TwinPourer(item, journal, exchanging=self._exchanging)
        pourer.begin()
        told = [one for one in self._registrations if one.of_classes]
        for registration in told:
            registration.show(item.statement, journal)
        executor.run_twin(item, code, namespace, pourer.members())
        held = pourer.finish(namespace)
        if held:
            self._clear_caches()  # what was asked of the twin while it was made
        free(held, journal)
        for registration in told:
            registration.collect(item.statement, journal)

    def _clear_caches(self) -> None:
        """Before and after statements are executed, and after the undo: registering a function anew fills them."""
        for cache in self.plan.caches:
            cache.cache_clear()

    def _delete(self, journal: Journal) -> None:
        for module, name in self.plan.deleted_names:
            namespace = vars(self.plan.live[module])
            journal.touch_namespace(namespace, f"names of {module}")
            namespace.pop(name, None)
            unannotate(module, namespace, {name}, journal)
        for module in self.plan.deleted:
            sys.modules.pop(module, None)
            parent, _, child = module.rpartition(".")
            if parent in sys.modules and child in vars(sys.modules[parent]):
                journal.delete_attribute(sys.modules[parent], child)

    def _finish_modules(self, journal: Journal) -> None:
        for name in self.plan.changed:
            source, module = self.plan.new[name], self.plan.live[name]
            if "__doc__" not in self.expected[name].names:  # a statement gives it
                journal.set_attribute(module, "__doc__", self.expected[name].doc)
            unannotate(name, vars(module), self._unannotated[name], journal)
            order_annotations(source, vars(module).get("__annotations__"), journal)
            if sys.version_info >= (3, 13):
                refresh_facts(module, self._facts[source.path], journal)
        for name in [*self.plan.changed, *self.plan.added]:
            show_source(self.plan.new[name], journal)
