"""Guests in virtual machines, by Vagrant."""

import logging

# python-vagrant warns at its import where no vagrant is installed. `./inv doctor` says so instead.
logging.getLogger("vagrant").addHandler(logging.NullHandler())
