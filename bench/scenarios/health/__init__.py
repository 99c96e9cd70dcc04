"""What a supervisor knows of a daemon that runs: ready, hanging, detached."""
