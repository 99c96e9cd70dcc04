"""What runs one program as a container's PID 1: one folder each, as in supervisors/."""
