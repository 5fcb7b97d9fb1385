"""`python -m flyhot_deploy watch -- COMMAND`: the app's server under somebody who restarts it where that must be."""
