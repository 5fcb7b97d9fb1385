"""Decorators of a library that nobody knows (`library`): one function changes its parameters, comes, goes, or changes
what its decorator is told."""

_LIB = "from tests.asgi.engine.constructs import library as lib_"


def _case(made: str, before: str, after: str, *ask: str, hold: str = "") -> str:
    """`made`: statements of both releases before the functions."""
    parts = [
        "--- m",
        _LIB,
        made,
        before,
        "+++ m",
        _LIB,
        made,
        after,
        "=== hold",
        hold,
        "=== ask",
        *ask,
    ]
    return "\n".join(parts)


def _functions(*lines: str) -> str:
    """`decorator|name|parameters|gives` a line."""
    found = []
    for line in lines:
        decorator, name, parameters, gives = line.split("|")
        found.append(f"{decorator}\ndef {name}({parameters}): return {gives}".lstrip("\n"))
    return "\n".join(found)


_A, _B, _C = "@X|a||1", "@X|b||2", "@X|c||3"
_B2 = "@X|b|x=5, *y|2 + x"


def _four(made: str, decorator: str, *ask: str, other: str = "") -> dict[str, str]:
    """Parameters change; one comes between, first and last; one goes; its decorator is told something else."""

    def of(*lines: str) -> str:
        return _functions(*(line.replace("@X", decorator) for line in lines))

    held = "a, b, c = m.a, m.b, getattr(m, 'c', None)"
    found = {
        "parameters": _case(made, of(_A, _B, _C), of(_A, _B2, _C), *ask, "m.b is b", hold=held),
        "two parameters": _case(made, of(_A, _B, _C), of("@X|a|z=1|z", _B2, _C), *ask, hold=held),
        "comes between": _case(made, of(_A, _C), of(_A, _B, _C), *ask, "m.b()"),
        "two come between": _case(made, of(_A, _C), of(_A, _B, "@X|b2||22", _C), *ask),
        "comes first": _case(made, of(_B, _C), of(_A, _B, _C), *ask),
        "comes last": _case(made, of(_A, _B), of(_A, _B, _C), *ask),
        "goes": _case(made, of(_A, _B, _C), of(_A, _C), *ask),
        "the last goes": _case(made, of(_A, _B), of(_A), *ask),
        "goes, one comes": _case(made, of(_A, _B), of("@X|c||3", _B), *ask),
        "no longer decorated": _case(made, of(_A, _B, _C), of(_A, "|b||2", _C), *ask),
        "is decorated now": _case(made, of(_A, "|b||2", _C), of(_A, _B, _C), *ask),
        "order": _case(made, of(_A, _B, _C), of(_C, _A, _B), *ask),
        "body": _case(made, of(_A, _B, _C), of(_A, "@X|b||22", _C), *ask),
    }
    if other:
        new = of(_A, _B, _C).replace(decorator + "\ndef b", other + "\ndef b")
        found["told otherwise"] = _case(made, of(_A, _B, _C), new, *ask)
        new = of(_A, _B2, _C).replace(decorator + "\ndef b", other + "\ndef b")
        found["told otherwise, parameters"] = _case(made, of(_A, _B, _C), new, *ask, hold=held)
    return found


_KINDS = {
    "a mark": _four("", "@lib_.marked(x=1)", "m.a.marks, getattr(m.c, 'marks', 0)", other="@lib_.marked(y=2)"),
    "a cache": _four("CACHE = {}", "@lib_.cached(CACHE)", "m.a(), m.a.__wrapped__.__name__"),
    "a router": _four(
        "r = lib_.Router()",
        "@r.route('/x')",
        "m.r.rules",
        "list(m.r.by_name.items())",
        other="@r.route('/y', name='z')",
    ),
    "a bus": _four("bus = lib_.Bus()", "@bus.on('e')", "list(m.bus.told().items())", other="@bus.on('f')"),
    "a limiter": _four(
        "limits = lib_.Limiter()",
        "@limits.limit('1;2')",
        "list(m.limits.limits), [[x.text for x in v] for v in m.limits.limits.values()]",
        "{k: [f() for f in v] for k, v in m.limits.marked.items()}",
        "m.a()",
        other="@limits.limit('3')",
    ),
    "numbers": _four("n = lib_.Numbered()", "@n.add", "{k: f() for k, f in m.n.found.items()}", "m.n.size"),
    "a count": _four(
        "n = lib_.Counted()", "@n.add", "sorted(f() for f in m.n.members), [f() for f in m.n.latest]", "m.n.size"
    ),
    "names": _four("n = lib_.Names()", "@n.add", "sorted(m.n.names), list(m.n.known)"),
    "priorities": _four(
        "n = lib_.Ordered()", "@n.add(2)", "[(k, p, f()) for k, (p, f) in m.n.found.items()]", other="@n.add(1)"
    ),
    "weak references": _four(
        "n = lib_.Weak()", "@n.connect", "sorted(f() for f in m.n.members)", "[f()() for f in m.n.sequence]"
    ),
    "tasks": _four("q = lib_.Queue()", "@q.task", "{k: t() for k, t in m.q.tasks.items()}", "m.a()"),
    "names in the module": _four(
        "q = lib_.Noting()", "@q.task", "{k: t() for k, t in m.q.tasks.items()}", "sorted(vars(m))"
    ),
    "threads": _four("t = lib_.Threaded()", "@t.run", "m.a()"),
    "something hidden": _four("h = lib_.Hidden()", "@h.keep", "m.a()"),
    "names that come once": _four("s = lib_.Strict()", "@s.add", "{k: f() for k, f in m.s.found.items()}"),
}

_WHOLE = ("a mark", "a router", "a limiter")
_FEW = ("parameters", "comes between", "goes", "order", "told otherwise")

CASES = {
    f"{kind}: {what}": text
    for kind, cases in _KINDS.items()
    for what, text in cases.items()
    if kind in _WHOLE or what in _FEW
}

CASES["a class decorator of the app's that counts"] = """
    --- m
    class Made:
        count = 0
        def __init__(self): Made.count += 1
    def build(cls):
        Made()
        exec("def kind(self): return 1", (space := {}))
        cls.kind = space["kind"]
        return cls
    @build
    class C:
        x = 1
    +++ m
    class Made:
        count = 0
        def __init__(self): Made.count += 1
    def build(cls):
        Made()
        exec("def kind(self): return 2", (space := {}))
        cls.kind = space["kind"]
        return cls
    @build
    class C:
        x = 1
    === hold
    held = m.C
    === ask
    m.Made.count, m.C().kind(), held is m.C, held().kind()
"""

for _name, _made, _before, _after in (
    ("after others, and the register is read below", "q = lib_.Queue()", (_A, _B), (_A, _B, _C)),
    ("between others, and the register is read below", "q = lib_.Queue()", (_A, _C), (_A, _B, _C)),
):
    _old, _new = (_functions(*(line.replace("@X", "@q.task") for line in side)) for side in (_before, _after))
    CASES[_name] = _case(_made, f"{_old}\nserved = list(q.tasks)", f"{_new}\nserved = list(q.tasks)", "list(m.q.tasks)")

_WITHOUT_NUMBERS = ("a mark", "a cache", "a router", "a bus", "a limiter", "priorities")
RIGHT = {
    *(f"{kind}: {what}" for kind in _WHOLE for what in _KINDS[kind]),
    *(f"{kind}: {what}" for kind in _WITHOUT_NUMBERS for what in ("parameters", "comes between", "goes", "order")),
    *(f"{kind}: {what}" for kind in ("a count", "weak references") for what in ("parameters", "goes")),
    *(f"names that come once: {what}" for what in ("parameters", "comes between", "goes", "order")),
    "a class decorator of the app's that counts",
    "after others, and the register is read below",
    "between others, and the register is read below",
    "names in the module: goes",
    "names: parameters",
    "tasks: comes between",
    "tasks: goes",
}
"""They must not be refused."""
