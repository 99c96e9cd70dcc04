"""The programs that run inside guests: the test daemon, the floor, the measuring program."""
