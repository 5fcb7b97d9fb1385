"""Pure: a release's source as modules and statements, what differs, who reads what, and the plan as values."""
