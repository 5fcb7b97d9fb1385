"""The living process held against the release: structure as text, and what must be equal."""
