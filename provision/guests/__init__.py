"""One disposable guest, whichever provider made it: its name, commands, files and PID 1."""
