"""Programs that run alone, by `python -I -S`: they import only each other and Python's own modules.

The suite imports them too, for their constants and for the path of each.
"""
