"""How a command finds the processes of an app on this machine, and how they talk. Knows no engine, no
sessions.
"""
