"""The machine's end of a deploy: one agent for each machine and app, a process of its own beside the workers.

It joins the fleet (`repository`, `fleet`) with the processes of this machine (`local`), and only it does.
"""
