"""Statements at module level that go through an app's routes: run again where routes or they themselves change."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..constructs.case import case, judge

RIGHT = {
    "unchanged, route comes": """
        --- m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1

        for route in app.routes:
            if isinstance(route, APIRoute):
                route.operation_id = route.name

        def go():
            ids = [list(v.values())[0]["operationId"] for v in app.openapi()["paths"].values()]
            return [(r.path, r.operation_id) for r in app.routes if isinstance(r, APIRoute)], ids
        +++ m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1

        @app.get("/b")
        def g(): return 1

        for route in app.routes:
            if isinstance(route, APIRoute):
                route.operation_id = route.name

        def go():
            ids = [list(v.values())[0]["operationId"] for v in app.openapi()["paths"].values()]
            return [(r.path, r.operation_id) for r in app.routes if isinstance(r, APIRoute)], ids
        === ask
        m.go()
    """,
    "unchanged, body changes": """
        --- m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1

        for route in app.routes:
            if isinstance(route, APIRoute):
                route.operation_id = route.name

        def go():
            ids = [list(v.values())[0]["operationId"] for v in app.openapi()["paths"].values()]
            return [(r.path, r.operation_id) for r in app.routes if isinstance(r, APIRoute)], ids
        +++ m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 2

        for route in app.routes:
            if isinstance(route, APIRoute):
                route.operation_id = route.name

        def go():
            ids = [list(v.values())[0]["operationId"] for v in app.openapi()["paths"].values()]
            return [(r.path, r.operation_id) for r in app.routes if isinstance(r, APIRoute)], ids
        === ask
        m.go()
    """,
    "unchanged, signature changes": """
        --- m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1

        for route in app.routes:
            if isinstance(route, APIRoute):
                route.operation_id = route.name

        def go():
            ids = [list(v.values())[0]["operationId"] for v in app.openapi()["paths"].values()]
            return [(r.path, r.operation_id) for r in app.routes if isinstance(r, APIRoute)], ids
        +++ m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(x: int = 1): return 1

        for route in app.routes:
            if isinstance(route, APIRoute):
                route.operation_id = route.name

        def go():
            ids = [list(v.values())[0]["operationId"] for v in app.openapi()["paths"].values()]
            return [(r.path, r.operation_id) for r in app.routes if isinstance(r, APIRoute)], ids
        === ask
        m.go()
    """,
    "loop changes": """
        --- m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1

        for route in app.routes:
            if isinstance(route, APIRoute):
                route.operation_id = route.name

        def go():
            ids = [list(v.values())[0]["operationId"] for v in app.openapi()["paths"].values()]
            return [(r.path, r.operation_id) for r in app.routes if isinstance(r, APIRoute)], ids
        +++ m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1

        for route in app.routes:
            if isinstance(route, APIRoute):
                route.operation_id = 'x' + route.name

        def go():
            ids = [list(v.values())[0]["operationId"] for v in app.openapi()["paths"].values()]
            return [(r.path, r.operation_id) for r in app.routes if isinstance(r, APIRoute)], ids
        === ask
        m.go()
    """,
    "loop changes, route comes": """
        --- m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1

        for route in app.routes:
            if isinstance(route, APIRoute):
                route.operation_id = route.name

        def go():
            ids = [list(v.values())[0]["operationId"] for v in app.openapi()["paths"].values()]
            return [(r.path, r.operation_id) for r in app.routes if isinstance(r, APIRoute)], ids
        +++ m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1

        @app.get("/b")
        def g(): return 1

        for route in app.routes:
            if isinstance(route, APIRoute):
                route.operation_id = 'x' + route.name

        def go():
            ids = [list(v.values())[0]["operationId"] for v in app.openapi()["paths"].values()]
            return [(r.path, r.operation_id) for r in app.routes if isinstance(r, APIRoute)], ids
        === ask
        m.go()
    """,
    "loop goes": """
        --- m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1

        for route in app.routes:
            if isinstance(route, APIRoute):
                route.operation_id = route.name

        def go():
            ids = [list(v.values())[0]["operationId"] for v in app.openapi()["paths"].values()]
            return [(r.path, r.operation_id) for r in app.routes if isinstance(r, APIRoute)], ids
        +++ m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1

        def go():
            ids = [list(v.values())[0]["operationId"] for v in app.openapi()["paths"].values()]
            return [(r.path, r.operation_id) for r in app.routes if isinstance(r, APIRoute)], ids
        === ask
        m.go()
    """,
}
NEVER_WRONG = {
    "fills a list, route comes": """
        --- m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1
        NAMES = []
        for r in app.routes: NAMES.append(r.name)
        def go(): return NAMES
        +++ m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1

        @app.get("/b")
        def g(): return 1
        NAMES = []
        for r in app.routes: NAMES.append(r.name)
        def go(): return NAMES
        === ask
        m.go()
    """,
    "fills a list, loop changes": """
        --- m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1
        NAMES = []
        for r in app.routes: NAMES.append(r.name)
        def go(): return NAMES
        +++ m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1
        NAMES = []
        for r in app.routes: NAMES.append(r.name + '!')
        def go(): return NAMES
        === ask
        m.go()
    """,
    "the program added a route": """
        --- m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1

        for route in app.routes:
            if isinstance(route, APIRoute):
                route.operation_id = route.name

        def go():
            ids = [list(v.values())[0]["operationId"] for v in app.openapi()["paths"].values()]
            return [(r.path, r.operation_id) for r in app.routes if isinstance(r, APIRoute)], ids
        +++ m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1

        for route in app.routes:
            if isinstance(route, APIRoute):
                route.operation_id = 'x' + route.name

        def go():
            ids = [list(v.values())[0]["operationId"] for v in app.openapi()["paths"].values()]
            return [(r.path, r.operation_id) for r in app.routes if isinstance(r, APIRoute)], ids
        === use
        m.app.get('/mine')(m.f)
        === ask
        '/mine' in [r.path for r in m.app.routes] => True
    """,
    "loop comes": """
        --- m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1

        def go():
            ids = [list(v.values())[0]["operationId"] for v in app.openapi()["paths"].values()]
            return [(r.path, r.operation_id) for r in app.routes if isinstance(r, APIRoute)], ids
        +++ m
        from fastapi import FastAPI
        from fastapi.routing import APIRoute
        app = FastAPI()
        @app.get("/a")
        def f(): return 1

        for route in app.routes:
            if isinstance(route, APIRoute):
                route.operation_id = route.name

        def go():
            ids = [list(v.values())[0]["operationId"] for v in app.openapi()["paths"].values()]
            return [(r.path, r.operation_id) for r in app.routes if isinstance(r, APIRoute)], ids
        === ask
        m.go()
    """,
}


@pytest.mark.parametrize("name", RIGHT)
def test_routes_are_as_a_cold_import_has_them(name: str, tmp_path: Path) -> None:
    verdict = judge(case(RIGHT[name]), tmp_path, here=True)
    assert verdict.word == "right", verdict.why


@pytest.mark.parametrize("name", NEVER_WRONG)
def test_what_else_a_loop_does_is_right_or_refused(name: str, tmp_path: Path) -> None:
    verdict = judge(case(NEVER_WRONG[name]), tmp_path, here=True)
    assert verdict.word in ("right", "refused"), verdict.why
