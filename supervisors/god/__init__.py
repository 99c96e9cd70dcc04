"""god: a Ruby daemon that looks at each daemon's pid file, or has the kernel tell of its end."""

from __future__ import annotations

from collections.abc import Iterable

from provision.guest import Guest
from provision.sources.packages import Apt, Gem, Pacman
from supervisors.base import ArticleRow, Supervisor
from supervisors.contender import Contender
from supervisors.service import Service


class God(Supervisor):
    """http://godrb.com/, and `god --help`"""

    name = "god"
    title = "god"
    home_page = "http://godrb.com/"
    article_order = 11
    article = ArticleRow("0.12.1", needs_pid1=False, runner=False, monitor=True, loc=3978)
    sources = {
        "debian": Apt(("ruby-god",)),
        "arch": Gem("god", "", needs=Pacman(("ruby", "base-devel"))),
        "precise": Gem(
            "god", article.version, needs=Apt(("ruby", "ruby-dev", "rubygems", "build-essential"))
        ),
    }
    program_path = "/usr/bin/god"
    needs_pid1 = False
    # Debian's god asks for a method that Debian's Ruby no longer has: timeout.rb is that method.
    hosted_command = (
        "/usr/bin/env RUBYOPT=-r/etc/god/timeout.rb"
        " /usr/bin/god -D -c /etc/god/god.conf -l /var/log/god.log"
    )
    process_names = frozenset({"god"})
    thread_patterns = frozenset({"driver.rb:*"})
    watchdog = "file"
    version_command = "god --version"
    # What its diagnosis says of the kernel's process events here, and what the running god does:
    # a watch goes from 'unmonitored' to 'init' where it has them, to 'up' where it polls.
    mode_command = "god -V; grep -m 1 \"moved 'unmonitored' to\" /var/log/god.log"
    mode_signs = {
        "'unmonitored' to 'init'": "the kernel tells it of ends, by process events",
        "'unmonitored' to 'up'": "it polls, since the kernel refuses it process events",
    }
    findings = (
        "It believes its pid file alone: when that comes to name a dead process, god starts a"
        " second daemon beside the living one; when it is emptied, god does nothing.",
        "Each service has a thread of its own, and loading gets slower with every one there is:"
        " 100 services came up in 1.5 s, 990 in 80 s, 2000 in 9 minutes.",
        "`god start` names the watch as affected and does nothing as long as god waits for the"
        " process that `god stop` has ended: a second at least, ten where it does not heed"
        " SIGTERM. The service stays stopped.",
        "A file_mtime condition whose file is not there is an exception in god's log at every"
        " look, and passes: a daemon that hangs before its first heartbeat is not noticed.",
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

    def stop(self, guest: Guest, contender: Contender) -> None:
        # Not `god terminate`: its host would start it again before it is told to drop it.
        guest.run("god stop services; while pgrep -x -P 1 testd; do sleep 0.1; done")
        super().stop(guest, contender)


SUPERVISOR = God()
