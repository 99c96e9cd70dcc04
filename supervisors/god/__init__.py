"""god: a Ruby monitor that polls pid files, or listens to the kernel's process events."""

from __future__ import annotations

from collections.abc import Iterable

from provision.sources.packages import Apt, Gem, Pacman
from supervisors.base import ArticleRow, Supervisor
from supervisors.contender import Contender
from supervisors.service import Service
from supervisors.versions import Finding


class God(Supervisor):
    """http://godrb.com/, and `god --help`"""

    name = "god"
    title = "god"
    home_page = "http://godrb.com/"
    article_order = 11
    article = ArticleRow("0.12.1", needs_pid1=False, runner=False, monitor=True, loc=3978)
    sources = {
        "debian": Apt(("ruby-god",), until="bookworm"),
        "arch": Gem("god", "", needs=Pacman(("ruby", "base-devel"))),
        "precise": Gem(
            "god", article.version, needs=Apt(("ruby", "ruby-dev", "rubygems", "build-essential"))
        ),
    }
    program_path = "/usr/bin/god"
    needs_pid1 = False
    # Debian's god calls Kernel#timeout, which Debian's Ruby no longer has; timeout.rb defines it.
    hosted_command = (
        "/usr/bin/env RUBYOPT=-r/etc/god/timeout.rb"
        " /usr/bin/god -D -c /etc/god/god.conf -l /var/log/god.log"
    )
    process_names = frozenset({"god"})
    thread_patterns = frozenset({"driver.rb:*"})
    watchdog = "file"
    version_command = "god --version"
    # Its diagnosis of the kernel's process events, and the log of the running god: a watch goes
    # from 'unmonitored' to 'init' where god receives such events, to 'up' where it polls.
    mode_command = "god -V; grep -m 1 \"moved 'unmonitored' to\" /var/log/god.log"
    mode_by_output = {
        "'unmonitored' to 'init'": "the kernel reports the end of processes, by process events",
        "'unmonitored' to 'up'": "it polls, since the kernel refuses it process events",
    }
    # Not `god terminate`: the host would start god again before the suite stops the host.
    stop_all_command = "god stop services; while pgrep -x -P 1 testd; do sleep 0.1; done"
    findings = (
        Finding(
            "It trusts the pid file alone: if the file names a dead process, god starts a second"
            " daemon beside the living one; if the file is empty, god does nothing."
        ),
        Finding(
            "Each service has a thread of its own, and each one more makes loading slower: 100"
            " services came up in 1.5 s, 990 in 80 s, 2000 in 9 minutes."
        ),
        Finding(
            "`god start` prints the watch as affected but does nothing while god still waits for"
            " the process that `god stop` ended: one second at least, ten if the process ignores"
            " SIGTERM. The service stays stopped."
        ),
        Finding(
            "A file_mtime condition without its file logs an exception at every poll and passes:"
            " god does not notice a daemon that hangs before its first heartbeat."
        ),
        Finding(
            "It does not wait for a pid file, nor between two starts that fail: of a daemon whose"
            " pid file comes 5 s after the start, 0.13.7 had started 428 when the first file came;"
            " without the program it tried 31 times a second."
        ),
        Finding(
            "With nothing to do, the private memory of 0.13.7 grew by 50 kB in 90 s, and did so"
            " three times in a row, from 17,304 to 17,460 kB."
        ),
    )
    contenders = (
        Contender(
            "god",
            "monitor",
            "default",
            pid1=False,
            setting="keepalive, with Kernel#timeout put back for Ruby 3; it polls every 5 s"
            " where the kernel refuses it process events",
            # watch.rb: DEFAULT_KEEPALIVE_INTERVAL.
            period=5.0,
        ),
    )

    def disable_command(self, contender: Contender, service: Service) -> str:
        return (
            f"god stop {service.name}\ngod remove {service.name}\n"
            f"rm -f /etc/god/conf.d/{service.name}.god {service.pidfile}"
        )

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return "god load /etc/god/god.conf"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"god stop {service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"god start {service.name}"


SUPERVISOR = God()
