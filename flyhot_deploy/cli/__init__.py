"""The command line. `rows` says what is shown, `output` shows it, `commands` reads arguments."""
