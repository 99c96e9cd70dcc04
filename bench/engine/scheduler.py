"""Runs the jobs of a plan, each in a guest of its own, as many at once as the host allows."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace

from bench.engine.guests.leftovers import remaining_guests
from bench.engine.guests.session import GuestSession, SessionContext
from bench.engine.guests.shared_objects import SharedObjects
from bench.engine.plan import Job, Plan

# Seconds between two looks at the jobs, so that Ctrl-C is noticed and results are saved.
POLL_INTERVAL = 0.5
# Seconds between two looks for guests that jobs were making when the run was ended.
END_INTERVAL = 0.2


class Scheduler:
    """Runs jobs in threads, one thread per guest; the noise gate keeps loud work apart."""

    def __init__(self, context: SessionContext, session: type[GuestSession] = GuestSession) -> None:
        """Run the jobs by that kind of session: another one than usual plays them (growth.py)."""
        self._context = context
        self._session = session
        self._objects = SharedObjects(context.request.provider.shared_objects())

    def run(self, plan: Plan) -> None:
        """Run every job. On any failure of the suite itself, and on Ctrl-C, destroy all guests."""
        pools = [
            (ThreadPoolExecutor(min(len(jobs), places)), jobs)
            for jobs, places in plan.pools()
            if jobs
        ]
        pending: set[Future[None]] = set()
        try:
            pending |= {pool.submit(self._run_job, job) for pool, jobs in pools for job in jobs}
            while pending:
                ended, pending = wait(pending, timeout=POLL_INTERVAL, return_when=FIRST_COMPLETED)
                for future in ended:
                    future.result()
                self._context.collector.save_if_due()
        except BaseException:
            self._context.guests.stop()
            for future in pending:
                future.cancel()
            self._end_jobs(pending)
            raise
        finally:
            for pool, _ in pools:
                pool.shutdown(wait=True, cancel_futures=True)

    def _end_jobs(self, pending: set[Future[None]]) -> None:
        """Destroy guests until no job runs.

        A job that boots a guest, or installs in one, has not handed it over yet: nothing else ends
        an installation of minutes.
        """
        with suppress(Exception):  # `execute` names what remains
            self._context.guests.destroy_all()
        while wait(pending, timeout=END_INTERVAL).not_done:
            for name in remaining_guests(self._context.request.provider):
                with suppress(Exception):
                    self._context.request.provider.remove(name)

    def _run_job(self, job: Job) -> None:
        """Do all units in one guest; after a failure, do the rest in a further one."""
        if self._context.guests.stopping:
            return
        with self._objects.taken(self._shared_objects(job)):
            while job.units and not self._context.guests.stopping:
                remaining = self._session(job, self._context).run()
                job = replace(job, units=remaining, attempt=job.attempt + 1)

    def _shared_objects(self, job: Job) -> int:
        """Return how many of the kernel's shared objects the job's guest uses."""
        contender = job.selected.contender
        init = contender.supervisor if contender.pid1 else job.selected.system.init
        return self._context.request.provider.shared_objects_under(init)
