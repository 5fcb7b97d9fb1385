"""A small Fly.io on this machine, for tests and the demo: machines are folders with real processes on loopback.

What it does is written from Fly's documentation, and what that leaves open it decides the awkward way: commands run
with `/` as their working folder, a restart resets a machine's disk, exec has limits, the list may lag.
"""
