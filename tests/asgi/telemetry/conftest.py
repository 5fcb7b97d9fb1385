"""As the tests of faults have it: a started lab with three sessions."""

from tests.faults.conftest import lab

__all__ = ["lab"]
