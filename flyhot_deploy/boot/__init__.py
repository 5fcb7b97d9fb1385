"""How a machine comes up: the current release is laid over its image before the app is imported."""
