"""Events: lines of JSON on standard output."""

from __future__ import absolute_import, division, print_function

import errno
import json
import os
import select

# json.dumps makes an encoder for each call. No event contains itself, so none is searched for that.
encode = json.JSONEncoder(sort_keys=True, check_circular=False).encode


class ReaderGone(Exception):
    """The reader of the output has closed it."""


def emit(event, **fields):
    # type: (str, object) -> None
    """Print one event at once. Raises ReaderGone where the reader has closed the output."""
    fields["event"] = event
    data = (encode(fields) + "\n").encode("ascii")
    while data:
        try:
            data = data[os.write(1, data) :]
        except OSError as e:
            if e.errno == errno.EPIPE:
                raise ReaderGone()
            if e.errno not in (errno.EAGAIN, errno.EINTR):
                raise
            select.select([], [1], [], 1.0)
