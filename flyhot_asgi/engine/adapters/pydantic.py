"""How the versions of pydantic build anew what they built: what differs between them, in one place."""

from __future__ import annotations

import inspect
import sys
import types
from typing import Any

from ...errors import UpgradeError
from ..living.pydantic import SCHEMA, base_model, version
from ..patching.journal import Journal


def forget(cls: Any) -> None:
    """Until it is built again, whoever meets the class looks at its fields, as pydantic does with incomplete models."""
    mocks, base = sys.modules.get("pydantic._internal._mock_val_ser"), base_model()
    stale: tuple[str, ...] = ()
    if mocks is not None and base is not None and issubclass(cls, base):
        named = "cls_name" in inspect.signature(mocks.set_model_mocks).parameters  # before 2.10
        mocks.set_model_mocks(cls, *([cls.__name__] if named else []))
        if type(vars(cls).get(SCHEMA)) is dict:  # before 2.9 there is no mock for it
            stale = (SCHEMA,)
    else:
        stale = (SCHEMA, "__pydantic_validator__", "__pydantic_serializer__")
    for name in stale:
        if name in vars(cls):
            type.__delattr__(cls, name)
    type.__setattr__(cls, "__pydantic_complete__", False)


def rebuild_model(cls: Any, *, lenient: bool = False) -> None:
    """From its fields, in the namespace of its module. Raises what pydantic raises, unless `lenient`, and UpgradeError
    for what is no model any more."""
    if not hasattr(cls, "model_rebuild"):
        what = f"`{cls.__qualname__}` of {cls.__module__} was a model, is none any more, and others embed it as one"
        raise UpgradeError(what, do="deploy this change cold (restart the app)")
    signature = vars(cls).get("__signature__")
    where: dict[str, Any] = {"_parent_namespace_depth": 0}
    if not hasattr(cls, "__pydantic_parent_namespace__"):
        where = {"_types_namespace": {}}
    cls.model_rebuild(force=True, raise_errors=not lenient, **where)
    if "__mapper__" in vars(cls) and signature is not None:  # of the class before SQLAlchemy gave it its own `__init__`
        type.__setattr__(cls, "__signature__", signature)


def is_required(field: Any) -> bool:
    """A field of a model, in either version."""
    return bool(field.is_required()) if hasattr(field, "is_required") else bool(field.required)


def default_of(field: Any, values: dict[str, Any]) -> Any:
    """What an instance with these values has for a field that nothing was given for."""
    if not hasattr(field, "is_required"):
        return field.get_default()
    given = {"validated_data": values} if version() >= (2, 10) else {}
    return field.get_default(call_default_factory=True, **given)


def keeps_extra(cls: Any) -> bool:
    """Instances may have values for what is no field."""
    if version() < (2, 0):
        return str(getattr(cls.__config__.extra, "value", cls.__config__.extra)) == "allow"
    return bool(cls.model_config.get("extra") == "allow")


def set_fields(instance: Any) -> Any:
    """The names of the fields that were given. Raises AttributeError if it was never initialised."""
    name = "__fields_set__" if version() < (2, 0) else "__pydantic_fields_set__"
    return object.__getattribute__(instance, name)


def _rebuilds(adapter: Any) -> bool:
    return hasattr(adapter, "rebuild")  # since 2.10


def needs_a_field(adapter: Any) -> bool:
    """It doesn't say what it was made of, as before 2.8."""
    return not _rebuilds(adapter) and "_type" not in vars(adapter)


def rebuild_adapter(adapter: Any, fields: list[Any]) -> None:
    """A TypeAdapter, in place. `fields`: FastAPI's model fields, which know what theirs are made of where adapters
    don't (before 2.8). Raises UpgradeError if nobody knows."""
    if _rebuilds(adapter):
        home = sys.modules.get(getattr(adapter, "_module_name", ""), types.ModuleType("none"))
        adapter.rebuild(force=True, _types_namespace=vars(home))
        return
    if not needs_a_field(adapter):
        fresh = type(adapter)(adapter._type, config=adapter._config, module=adapter._module_name)
    else:
        owners = [field for field in fields if vars(field).get("_type_adapter") is adapter]
        if not owners:
            raise UpgradeError(
                f"a TypeAdapter embeds a model that changed, and pydantic {_shown()} doesn't know what it was made of",
                do="update pydantic to 2.8 or later, or deploy this change cold (restart the app)",
            )
        owners[0].__post_init__()
        fresh = owners[0]._type_adapter
        for field in owners:
            field._type_adapter = adapter
    vars(adapter).clear()  # 2.9 keeps what it was asked for in cached properties
    vars(adapter).update(vars(fresh))


def rebuild_validated_call(call: Any, changed: frozenset[type], journal: Journal) -> None:
    """`@validate_call` keeps no schema to look into: it looks at its function's annotations again. Before 2.10 it
    doesn't keep the function: raises UpgradeError if it may validate a changed class."""
    create = getattr(call, "_create_validators", None)
    if create is not None:
        for name in getattr(type(call), "__slots__", ()):
            if hasattr(call, name):
                journal.note("a validated call", _setter(call, name, getattr(call, name)))
        create()
        return
    validators = repr([getattr(call, f"__{part}pydantic_validator__", None) for part in ("", "return_")])
    if any(f'"{cls.__name__}"' in validators for cls in changed):
        raise UpgradeError(
            f"`@validate_call` of {call.__qualname__} checks a class that changed; pydantic {_shown()} can't follow",
            do="update pydantic to 2.10 or later, or deploy this change cold (restart the app)",
        )


def _shown() -> str:
    return ".".join(map(str, version()))


def _setter(owner: Any, name: str, value: Any) -> Any:
    return lambda: setattr(owner, name, value)
