"""The registry with a short way in and out for plain requests."""

from __future__ import annotations

from time import monotonic

from ..session.registry import InFlight, Registry
from ..types import Scope


class AppRegistry(Registry):
    """`http()` of the base as two calls: an async context manager made of a generator costs more than all the rest that
    is done for a request, as the event loop keeps a list of living generators."""

    def begin_http(self, scope: Scope) -> InFlight:
        """Count a request as in flight. To be called when the valve is open, and `end_http` whatever happens then."""
        self._http = number = self._http + 1
        request = InFlight(number, scope.get("method", ""), scope.get("path", ""), monotonic())
        self._requests[number] = request
        return request

    def end_http(self, request: InFlight) -> None:
        del self._requests[request.number]
        self.valve.stir()
