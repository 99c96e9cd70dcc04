"""The test daemon, the floor and the measuring program, which all run inside guests."""
