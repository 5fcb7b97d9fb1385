"""Watch mode: save a file, and the running app is upgraded; what can't be done is said in the terminal and in the page.

asked.py     whether to
said.py      pure: what a result is to the people in front of terminal and browser
watcher.py   the driver: files that change, one upgrade after the other

Nothing is imported from here: who only asks whether to watch needs no driver.
"""
