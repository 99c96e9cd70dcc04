"""Run the measuring program from its folder: `python DIR PLAN`."""

from __future__ import absolute_import

import importlib
import os
import sys

if __name__ == "__main__":
    # A guest stays as it was set up: no compiled files appear in it.
    sys.dont_write_bytecode = True
    folder = os.path.dirname(os.path.abspath(__file__))
    # Python puts DIR itself here. From its parent, the modules are a package.
    sys.path[0] = os.path.dirname(folder)
    program = importlib.import_module(os.path.basename(folder) + ".program")
    sys.exit(program.main(sys.argv[1:]))
