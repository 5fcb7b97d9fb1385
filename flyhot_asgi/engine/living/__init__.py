"""Reads the process: its functions, classes, frames, and who holds what. Changes nothing."""
