"""Guests share what the host's kernel has few of."""

from __future__ import annotations

import threading
from functools import partial

from bench.engine.guests.shared_objects import SharedObjects
from tests.support.wait import eventually


def test_guests_together_never_take_more_than_there_are() -> None:
    objects, lock, taken, most = SharedObjects(10), threading.Lock(), [0], [0]

    def run(number: int) -> None:
        for _ in range(20):
            with objects.taken(number):
                with lock:
                    taken[0] += number
                    most[0] = max(most[0], taken[0])
                with lock:
                    taken[0] -= number

    threads = [threading.Thread(target=run, args=(number,)) for number in (6, 6, 2, 2, 2, 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < most[0] <= 10


def more_wait(objects: SharedObjects, number: int) -> bool:
    return len(objects._line) > number


def test_many_that_take_little_do_not_keep_out_one_that_takes_much() -> None:
    objects, order = SharedObjects(6), list[str]()

    def take(name: str, number: int) -> None:
        with objects.taken(number):
            order.append(name)

    with objects.taken(2):
        threads = [
            threading.Thread(target=take, args=(name, number))
            for name, number in (("much", 6), ("little", 2))
        ]
        for thread in threads:
            waiting = len(objects._line)
            thread.start()
            eventually(partial(more_wait, objects, waiting), "it waits")
        assert not order
    for thread in threads:
        thread.join()
    assert order == ["much", "little"]


def test_one_that_takes_more_than_there_are_goes_alone() -> None:
    objects = SharedObjects(4)
    with objects.taken(6):
        assert objects._free == 0
    assert objects._free == 4


def test_what_takes_none_never_waits() -> None:
    objects = SharedObjects(0)
    with objects.taken(6), objects.taken(0):
        pass
