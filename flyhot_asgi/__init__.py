"""Hot upgrades for ASGI apps."""
