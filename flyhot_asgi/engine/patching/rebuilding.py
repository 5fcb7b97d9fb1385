"""What one plan makes anew, enters or sets beside executing statements: who does it, in the order of their work."""

from __future__ import annotations

from ..source.plan import Plan
from .configuring import Configuring
from .entering import Entering
from .parts import SettingParts
from .registration import Registration
from .remake import Remaking
from .repeating import Repeating


def rebuilt_by(plan: Plan) -> list[Registration]:
    found: list[Registration] = [Remaking(plan.remade, plan.live, plan.drift)] if plan.remade else []
    found += [Entering(plan)] if plan.entered else []
    found += [SettingParts(plan.parts)] if plan.parts else []
    found += [Repeating(plan)] if plan.work or plan.configured else []
    return [*found, Configuring(plan)] if plan.configured else found
