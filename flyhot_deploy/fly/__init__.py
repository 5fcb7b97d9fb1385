"""Fly.io: the Machines API, the fly CLI, fly.toml and a machine's environment. Knows no release and no store."""
