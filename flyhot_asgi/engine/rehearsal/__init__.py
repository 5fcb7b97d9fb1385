"""Bringing a process to a release by trial: what differs afterwards, or raises on the way, enlarges the plan."""
