"""What a program for a guest must not inherit from the caller of the suite.

Like the keeper, with which it is loaded, it imports nothing of the project.
"""

import contextlib
import os
import signal


def drop_inherited() -> None:
    """Take the usual umask, and the default action of every signal: nohup and Python ignore some.

    An ignored signal stays ignored in all that a guest starts.
    """
    os.umask(0o022)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in signal.valid_signals():
        with contextlib.suppress(OSError):  # SIGKILL and SIGSTOP have no other action
            signal.signal(number, signal.SIG_DFL)
