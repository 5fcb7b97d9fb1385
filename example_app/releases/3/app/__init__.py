"""Noon: lunch at one table."""

RELEASE = "3"
