"""`python -m flyhot_deploy`: bring a release to the processes that serve."""
