"""Replay of real releases: import A, write B's files, upgrade with each tool, compare with a cold import of B.

    python -m tests.benchmarks.replay --pypi starlette uvicorn httpx
    python -m tests.benchmarks.replay --git PATH --under backend --packages app --last 25 --peers

The comparison (`describe.py`) is this benchmark's own and shares no line with the engine's: a tool can't be its own
witness.
"""
