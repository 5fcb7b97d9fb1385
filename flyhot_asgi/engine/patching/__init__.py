"""The only rooms that change the process: every step under the journal, so that it can be undone."""
