"""What frameworks make of an app's definitions, as text: models, tables, routes, middleware, whatever else registers.

Attribute path → text, below the class or object that it is about. All of it is definition: it must be the release's.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Collection, Iterator
from typing import Any

from ..living.attributes import fields_of, kept_by_metaclass, own_fields
from ..living.pydantic import schema_of_adapter
from ..source.paths import LATER, TAGS
from ..source.values import ATOMS
from .columns import column_text, columns_of
from .shapes import Shapes, looked_into, own_parts, reference

_DESCRIBING = "title summary description version debug openapi_url docs_url redoc_url root_path openapi_tags".split()
_BUILT_IN = frozenset(
    "ServerErrorMiddleware ExceptionMiddleware AsyncExitStackMiddleware ExceptionTelemetryMiddleware "
    "AppBodyLimitMiddleware RequestBodyLimitMiddleware".split()
)
_BOOKKEEPING = frozenset(
    {"_effective_candidates", "_effective_candidates_version", "_effective_low_priority_routes", "openapi_schema"}
)


def of_class(cls: type, shapes: Shapes) -> Iterator[tuple[str, str]]:
    """A first-party class: pydantic's fields, configuration and schema; SQLAlchemy's table and mapping."""
    members = vars(cls)
    if (schema := members.get("__pydantic_core_schema__")) is not None:
        yield ".__pydantic_core_schema__", shapes.schema(schema) if type(schema) is dict else LATER
        if type(fields := members.get("__pydantic_fields__", members.get("model_fields"))) is dict:  # before 2.10
            for name, field in fields.items():
                yield f".__pydantic_fields__[{name!r}]", shapes.remembered(field, functools.partial(shapes.text, field))
        if type(config := members.get("model_config")) is dict:
            yield ".__pydantic_config__", shapes.text(config)
    if (mapper := members.get("__mapper__")) is not None and type(mapper).__module__.startswith("sqlalchemy"):
        yield from _mapper(mapper, shapes)
    if _is_of(members.get("__table__"), "sqlalchemy.sql.schema", "Table"):
        yield from ((f".__table__{suffix}", text) for suffix, text in _table(members["__table__"], shapes))
    for key, part in kept_by_metaclass(cls):
        yield f" ({key})", shapes.text(part)


def is_registrar(value: object) -> bool:
    """An app or a router of Starlette or FastAPI."""
    return issubclass(type(value), _registrars())


def _registrars() -> tuple[type, ...]:
    found = (getattr(sys.modules.get(module), name, None) for module, name in _REGISTRARS)
    return tuple(kind for kind in found if kind is not None)


_REGISTRARS = (("starlette.routing", "Router"), ("starlette.applications", "Starlette"))


def fields_told(value: Any, own: Collection[str]) -> dict[str, Any]:
    """The attributes of an instance of the app's class, but for what a framework counts and remembers in it for itself:
    a router of FastAPI's counts how often its routes changed, which upgrades do in their own steps."""
    found = own_fields(value, own)
    if not is_registrar(value):
        return found
    return {key: part for key, part in found.items() if key not in _BOOKKEEPING and not key.endswith("routes_version")}


def of_object(value: Any, own: Collection[str], shapes: Shapes) -> list[tuple[str, str]] | None:
    """A library's object, or one of a class that derives from a library's; None if nothing of the app is in it."""
    if is_registrar(value):
        return list(_registrar(value, own, shapes))
    if _is_of(value, "sqlalchemy.sql.schema", "Table"):
        return list(_table(value, shapes))
    if _is_of(value, "pydantic.type_adapter", "TypeAdapter"):
        return [(".core_schema", _schema_of(value, shapes))]
    if _is_of(value, "click.core", "Command"):
        return list(_command(value, own, shapes))
    if _is_of(value, "starlette.routing", "BaseRoute"):
        return [(".route", _route(value, shapes))]
    if type(value).__module__.partition(".")[0] in ("fastapi", "starlette"):
        return None  # parts of routes
    if _is_of(value, "celery.app.base", "Celery"):
        return None  # its tasks, which are made when somebody asks for them, are told by their own names
    if type(value).__module__ in own or not looked_into(value):
        return None
    return list(own_parts(value, own)) or None


def _is_of(value: object, module: str, name: str) -> bool:
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and issubclass(type(value), kind)


# -- SQLAlchemy ------------------------------------------------------------------------------


def _mapper(mapper: Any, shapes: Shapes) -> Iterator[tuple[str, str]]:
    fields = vars(mapper)
    facts = [f"{name}={shapes.text(fields.get(name), 1)}" for name in ("polymorphic_identity", "version_id_col")]
    order = fields.get("order_by")
    yield ".__mapper__", f"{' '.join(facts)} {shapes.text(order, 1) if order is not None else ''}"
    for name, found in dict(fields.get("_props") or {}).items():
        yield f".__mapper__.{name}", _property(found, shapes)


def _property(found: Any, shapes: Shapes) -> str:
    kind = type(found).__qualname__
    if kind == "ColumnProperty":
        return f"{kind} {[getattr(c, 'name', None) for c in getattr(found, 'columns', ())]} {found.deferred}"
    given = vars(found)
    names = (
        "back_populates",
        "lazy",
        "viewonly",
        "passive_deletes",
        "passive_updates",
        "secondary",
        "collection_class",
    )
    kept = [(name, given.get(name)) for name in names]  # some are None only when the mapper was configured
    facts = [f"{name}={shapes.text(one, 1)}" for name, one in kept if one is not None and type(one) in ATOMS]
    cascade = given.get("_cascade")
    facts += [f"cascade={sorted(cascade)}"] if isinstance(cascade, frozenset | set) else []
    for name in ("argument", "order_by", "primaryjoin", "secondaryjoin", "foreign_keys", "remote_side", "secondary"):
        argument = getattr(getattr(given.get("_init_args"), name, None), "argument", None)
        if type(argument) is str or issubclass(type(argument), type):
            facts.append(f"{name}={shapes.text(argument)}")
    return f"{kind} {' '.join(facts)}"


def _table(table: Any, shapes: Shapes) -> Iterator[tuple[str, str]]:
    yield "", f"table {table.fullname} {shapes.text(table.kwargs, 1)} {table.comment!r}"
    for column in list(table.columns):
        yield f".c.{column.name}", column_text(column, shapes)
    constraints = [f"{type(c).__qualname__} {c.name} {columns_of(c)}" for c in table.constraints]
    yield ".constraints", repr(sorted(constraints))
    indexes = [f"{i.name} {columns_of(i)} {bool(i.unique)}" for i in table.indexes]
    yield ".indexes", repr(sorted(indexes))


# -- Starlette and FastAPI -------------------------------------------------------------------


def _app(app: Any, shapes: Shapes) -> Iterator[tuple[str, str]]:
    fields = vars(app)
    yield ".facts", shapes.text({name: fields[name] for name in _DESCRIBING if name in fields}, 3)
    for name in ("prefix", "tags", "dependencies", "responses", "default_response_class", "redirect_slashes"):
        if fields.get(name):
            yield f".{name}", shapes.text(fields[name], 3)
    if type(listed := fields.get("user_middleware")) is not list:
        return
    for index, entry in enumerate(listed):
        yield f".user_middleware[{index}]", shapes.text(entry, 3)
    handlers = fields.get("exception_handlers")
    for key, handler in dict(handlers or {}).items():
        yield f".exception_handlers[{shapes.text(key, 1)}]", shapes.text(handler, 1)
    layers = list(_layers(fields.get("middleware_stack"), fields.get("router")))
    built = [type(layer) for layer in layers if type(layer).__qualname__ not in _BUILT_IN]
    asked = [vars(entry).get("cls") for entry in listed]
    cut = bool(layers) and "app" not in vars(layers[-1])
    follows = not layers or built == (asked[: len(built)] if cut else asked)
    yield ".middleware_stack", "made of its middleware" if follows else f"{[reference(one) for one in built]}"


def _layers(stack: Any, router: Any) -> Iterator[Any]:
    """From the outside in, up to the router, or to a layer that keeps the next one under a name of its own."""
    for _ in range(200):
        if stack is router or stack is None or fields_of(stack) is None:
            return
        yield stack
        if "app" not in vars(stack):
            return
        stack = vars(stack)["app"]


_NESTED = 8


def _registrar(value: Any, own: Collection[str], shapes: Shapes, depth: int = _NESTED) -> Iterator[tuple[str, str]]:
    yield from _routes(value, own, shapes, depth)
    yield from _app(value, shapes)


def _routes(value: Any, own: Collection[str], shapes: Shapes, depth: int) -> Iterator[tuple[str, str]]:
    router = vars(value).get("router", value)
    for index, route in enumerate(list(vars(router).get("routes", ()))):
        yield f".routes[{index}]", _route(route, shapes)
        if len(tags := _tags(route)) > 1:  # told by itself: the list may have been made of a set
            yield f".routes[{index}]{TAGS}", "\n".join(shapes.text(tag, 1) for tag in tags)
        for inner in _within(route):
            if depth and id(inner) not in shapes.once("registrars", functools.partial(_named, own)):
                yield from (
                    (f".routes[{index}]{path}", text) for path, text in _registrar(inner, own, shapes, depth - 1)
                )


def _tags(route: Any) -> list[Any]:
    found: Any = (fields_of(route) or {}).get("tags")
    return list(found) if type(found) in (list, tuple) else []


def _within(route: Any) -> list[Any]:
    """What a route leads to that has routes of its own: an app or a router that is mounted, or included."""
    fields = fields_of(route) or {}
    found = [fields.get("original_router"), fields.get("_base_app", fields.get("app"))]
    return [one for one in found if is_registrar(one)]


def _named(own: Collection[str]) -> frozenset[int]:
    """Ids of the registrars that the app's modules name: they are described under these names."""
    modules = [module for name in own if (module := sys.modules.get(name)) is not None]
    kinds = _registrars()  # asked for once: an app of hundreds of modules has ten thousand names
    named = (value for module in modules for value in list(vars(module).values()))
    return frozenset(id(value) for value in named if issubclass(type(value), kinds))


_OF_ROUTES = (
    "path name host status_code summary description deprecated operation_id include_in_schema response_class "
    "response_description response_model_exclude_unset response_model_include response_model_exclude "
    "response_model_exclude_defaults response_model_exclude_none response_model_by_alias unique_id".split()
)
_AS_GIVEN = 12
"""How deep what a route tells of its answers is looked into: an example is some levels down."""

_WRAPPED = 20
_OF_INCLUDING = "prefix tags dependencies default_response_class responses deprecated include_in_schema".split()


def _route(route: Any, shapes: Shapes) -> str:
    fields = shapes.attributes(route)
    parts = [type(route).__qualname__]
    parts += [f"{name}={shapes.text(fields[name], 3)}" for name in _OF_ROUTES if fields.get(name) is not None]
    if tags := _tags(route):
        parts.append(f"tags={sorted(shapes.text(tag, 1) for tag in tags)}")
    elif fields.get("tags"):
        parts.append(f"tags={shapes.text(fields['tags'], 3)}")
    included = shapes.attributes(fields.get("include_context"))
    parts += [f"{name}={shapes.text(included[name], 3)}" for name in _OF_INCLUDING if included.get(name)]
    methods = fields.get("methods")
    parts.append(f"methods={sorted(methods) if isinstance(methods, set | list) else None}")
    for name in ("endpoint", "app", "original_router"):
        parts.append(f"{name}={_short(fields.get(name))}")
    for name in ("response_field", "body_field"):
        parts.append(f"{name}={_field(fields.get(name), shapes)}")
    if fields.get("openapi_extra"):
        parts.append(f"openapi_extra={shapes.text(fields['openapi_extra'], _AS_GIVEN)}")
    if type(told := fields.get("responses")) is dict and told:
        parts.append(f"told={[(shapes.text(key, 1), _told(one, shapes)) for key, one in told.items()]}")
    if type(callbacks := fields.get("callbacks")) is list:
        parts.append(f"callbacks={[_route(one, shapes) for one in callbacks]}")
    responses = fields.get("response_fields")
    if type(responses) is dict:
        parts.append(f"responses={[(key, _field(one, shapes)) for key, one in responses.items()]}")
    dependant = fields.get("dependant")
    called = getattr(dependant, "call", None)
    parts += [f"calls={_short(called)}"] if called is not fields.get("endpoint") else []
    parts += [f"noted={_noted(fields['app'], shapes)}"] if type(fields.get("app")) is types.FunctionType else []
    parts += [f"own {name}={_short(value)}" for name, value in fields.items() if _in_place_of_a_method(route, name)]
    return " ".join([*parts, *_parameters(dependant, shapes)])


_EMPTY = types.CellType()


def _noted(function: Any, shapes: Shapes, depth: int = 4) -> str:
    """What the frameworks' functions between the server and an endpoint noted of it: whether it is a coroutine, say."""
    if not depth or function.__module__.partition(".")[0] not in ("fastapi", "starlette"):
        return "a function"
    noted = []
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        contents = cell.cell_contents if cell != _EMPTY else None
        if type(contents) is types.FunctionType:
            noted.append(f"{name}={_noted(contents, shapes, depth - 1)}")
        else:
            noted.append(f"{name}={shapes.text(contents, 0)}")
    return f"{function.__qualname__}({', '.join(noted)})"


def _told(response: Any, shapes: Shapes) -> str:
    """What a route tells of one answer. The API's description writes a model's schema into its content."""
    if (
        type(response) is dict
        and response.get("model") is not None
        and type(content := response.get("content")) is dict
    ):
        kinds = {
            kind: {key: value for key, value in one.items() if key != "schema"} if type(one) is dict else one
            for kind, one in content.items()
        }
        response = {**response, "content": kinds}
    return shapes.text(response, _AS_GIVEN)


def _in_place_of_a_method(route: Any, name: str) -> bool:
    """Somebody has set it on this one route (`route.handle = guarded`)."""
    return any(type(vars(base).get(name)) is types.FunctionType for base in type(route).__mro__)


def _short(value: Any) -> str:
    if type(value) is types.FunctionType:
        return " of ".join(_functions(value))
    if issubclass(type(value), type):
        return reference(value)
    inner = value.func if type(value) is functools.partial else None
    return _short(inner) if inner is not None else type(value).__qualname__


def _functions(value: Any) -> Iterator[str]:
    """A function, and those that it wraps: one under `functools.wraps` goes by the name of another."""
    for _ in range(_WRAPPED):
        if type(value) is not types.FunctionType:
            return
        written = value.__code__.co_qualname
        yield reference(value) if written == value.__qualname__ else f"{reference(value)} ({written})"
        value = vars(value).get("__wrapped__")


def _field(field: Any, shapes: Shapes) -> str:
    """A parameter, body or response: what it is called and what it accepts."""
    if field is None:
        return "none"
    adapter = vars(field).get("_type_adapter") if hasattr(field, "__dict__") else None
    schema = _schema_of(adapter, shapes) if adapter is not None else ""
    return f"{getattr(field, 'name', '?')}/{getattr(field, 'alias', '?')} {schema}"


def _schema_of(adapter: Any, shapes: Shapes) -> str:
    schema = schema_of_adapter(adapter)
    return shapes.schema(schema) if type(schema) is dict else LATER


def _parameters(dependant: Any, shapes: Shapes, depth: int = 0) -> list[str]:
    """What FastAPI read off an endpoint and its dependencies when it registered it."""
    if dependant is None or depth > 5:
        return []
    found: list[str] = []
    for kind in ("path_params", "query_params", "header_params", "cookie_params", "body_params"):
        for one in getattr(dependant, kind, ()):
            default = getattr(one, "default", None)
            shown = repr(default) if type(default) in ATOMS else type(default).__qualname__
            found.append(f"{kind}:{_field(one, shapes)}={shown}")
    for inner in getattr(dependant, "dependencies", ()):
        found += [f"depends:{_short(getattr(inner, 'call', None))}", *_parameters(inner, shapes, depth + 1)]
    return found


# -- click and typer -------------------------------------------------------------------------


def _command(command: Any, own: Collection[str], shapes: Shapes) -> Iterator[tuple[str, str]]:
    fields = vars(command)
    if type(command).__module__ not in own:  # the attributes of others are told one by one, as of any instance
        given = {key: value for key, value in fields.items() if value is not None and type(value) in ATOMS}
        yield " (facts)", shapes.text(given)  # what it remembers of itself is None at first
    yield ".callback", shapes.text(fields.get("callback"), 1)
    for index, parameter in enumerate(fields.get("params") or ()):
        yield f".params[{index}]", shapes.text(parameter, 2)
    for name, inner in dict(fields.get("commands") or {}).items():
        yield from ((f".commands[{name!r}]{suffix}", text) for suffix, text in _command(inner, own, shapes))
