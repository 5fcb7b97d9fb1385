"""Noon: lunch at one table."""

RELEASE = "bad"
