"""A deploy over many machines: the protocol (sans I/O), and its driver."""
