"""The fleet of one machine: the processes of an app here, found by their control sockets."""
