"""Knowledge of frameworks, one file each, behind `context.Adapter`. They import nothing that the app did not."""

from __future__ import annotations

from ..planning.context import Adapter
from .admin_views import AdminViewsAdapter
from .apps import AppsAdapter
from .celery_tasks import CeleryAdapter
from .click_groups import ClickAdapter
from .containers import ContainersAdapter
from .events import EventsAdapter
from .handlers import HandlersAdapter
from .injection import InjectionAdapter
from .middleware import MiddlewareAdapter
from .models import ModelsAdapter
from .refilled import RefilledAdapter
from .routes import RoutesAdapter
from .structs import StructsAdapter
from .tables import TablesAdapter
from .templates import TemplatesAdapter

__all__ = ["default_adapters"]


def default_adapters() -> tuple[Adapter, ...]:
    web = (RoutesAdapter(), MiddlewareAdapter(), AppsAdapter(), HandlersAdapter())
    return (
        *web,
        TablesAdapter(),
        EventsAdapter(),
        ClickAdapter(),
        CeleryAdapter(),
        ModelsAdapter(),
        ContainersAdapter(),
        InjectionAdapter(),
        RefilledAdapter(),
        AdminViewsAdapter(),
        StructsAdapter(),
        TemplatesAdapter(),
    )
