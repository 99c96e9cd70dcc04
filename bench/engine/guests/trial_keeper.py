"""Keeps the trials of a work unit on disk while the unit goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.model.events import Event
from bench.model.rejections import Rejections
from bench.recording.samples.kept_trials import ScenarioKey, TrialJournal


class TrialKeeper:
    """Writes the trials of one guest's work unit as they come in.

    A trial comes once its successor runs, and no other guest breaks a service at that time: this
    disturbs no measurement. A disk that takes no more ends the keeping, and not the measurement.
    """

    def __init__(
        self,
        journal: TrialJournal,
        key: ScenarioKey,
        replica: int,
        notify: Callable[[str], None],
    ) -> None:
        self._journal = journal
        self._key = key
        self._replica = replica
        self._notify = notify
        self._closed = False

    def keep(self, trials: Sequence[Event], rejections: Rejections) -> None:
        """Write trials; discard all of the scenario once lines of its guest were rejected."""
        if self._closed or not (trials or rejections.unexplained):
            return
        try:
            if rejections.unexplained:
                self._closed = True
                self._journal.discard(self._key)
            else:
                self._journal.add_samples(self._key, self._replica, trials)
        except OSError as failure:
            self._closed = True
            self._notify(
                f"{self._key[0]}: trials are not kept as they come, because the folder of the run "
                f"cannot be written: {failure.strerror}."
            )
