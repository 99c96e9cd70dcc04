"""What each option of the commands means, as `./inv --help TASK` shows it."""

from __future__ import annotations

SYSTEM_HELP = {
    "os": "system of the guests: debian, bullseye, trixie, forky, sid, arch or precise; bench "
    "takes several by commas, or debian-all",
    "provider": "lxc, libvirt or virtualbox; auto: what this host has for that system",
    "box": "box for virtual machines: its public name, or a file that ./inv box made",
    "overlay": "NAME=DIR or DIR: lay your own build of a supervisor over its guests (repeatable)",
    "versions": "2012: the article's versions; NAME=VERSION: that one, where a source has several",
    "mirror": "URL of the archive that the system's packages come from",
    "snapshot": "YYYY-MM-DD: that day's folder of a dated archive, given by --mirror",
    "keyring": "file with the public keys that sign the mirror",
    "accept-expired": "take a mirror whose index is past its date of validity",
    "aur": "URL below which each package of the Arch User Repository is a git repository",
}
CONFIG_HELP = {
    "config": "NAME=DIR: lay your own configuration files over a supervisor's or a contender's "
    "(repeatable)",
}
DAEMON_HELP = {
    "daemon": "CMD: have the supervisors keep your own program, in the foreground, in place of the "
    "suite's daemon",
    "ready": "with --daemon, what shows that it is ready: port:8080 or socket:/PATH that connects, "
    "or line:TEXT that it writes",
    "daemon-files": "DIR: lay your program's files over every guest, as in DIR/usr/local/bin/NAME",
}
SELECTION_HELP = {
    "only": "NAME or NAME/ROLE/PROFILE/PLACE: just these, and the floor (repeatable, or by "
    "commas); '*' stands for any part: '*/*/default', '*@trixie'",
    "scenario": "NAME, or all (growth, a lengthy one, is measured where it is named); without it "
    "restart and footprint (repeatable, or by commas)",
    "role": "runner or monitor: just these; init: PID 1s of containers and supervisors beside; all",
    "profile": "default, fast, strict or patient; of inits: group, child or command: just these "
    "(tuned: fast and patient)",
}
EFFORT_HELP = {
    "trials": "ranked restarts of each contender; 30",
    "seed": "seed of the random times of the kills; 1",
    "quick": "few trials, and no contender that takes more than half a minute",
}
WAIT_HELP = {
    "wait": "MINUTES to wait until another bench on this host has ended, or as long as it takes"
}
# Of every command that makes a run.
OUTPUT_HELP = {
    "output": "DIR: keep the run below that folder, and look for earlier ones there; for all "
    "commands: the variable PROCESS_SUPERVISION_RESULTS",
}
MODE_HELP = {
    "keep": "leave the guests running; ./inv destroy removes them",
    "resume": "continue the latest run where it was interrupted or failed",
    "redo": "unstable: measure again what the host disturbed in the latest run",
    "trace": "compare each restart with the kernel's tracepoints, and show its parts",
    "dask": "ADDRESS of a Dask scheduler: its workers measure one contender each at a time",
    **OUTPUT_HELP,
    **WAIT_HELP,
    "force": "print the ranking even if the host was too noisy for one",
}
# Of every command that reads a run. A repeated --run has no default.
_RUN = "a run's name below results/ (or PROCESS_SUPERVISION_RESULTS), or its folder"
RUN_HELP = {"run": f"{_RUN}; without it the latest"}
MERGE_HELP = {
    "run": f"{_RUN}; RUN:SCENARIO,SCENARIO is a run without its other scenarios; two or more",
    "mixed": "rank the contenders of several hosts together",
    **OUTPUT_HELP,
}
REPORT_HELP = {
    **RUN_HELP,
    "format": "terminal, csv, json, pyperf; md and html: the article, beside the run without "
    "--output",
    "output": "FILE to write; - for standard output, where Markdown has no pictures",
    "only": "NAME or NAME/ROLE/PROFILE/PLACE: show just these (repeatable, or by commas)",
    "metric": "NAME or its beginning, as pss for pss_1 and pss_10: show just these figures "
    "(repeatable, or by commas)",
    "sort": "name or a metric: the order of contenders, the smallest median first; the ranking by "
    "restart latency stays",
    "unit": "us, ms or s for times, kB or MB for memory, in csv and with --metric",
    "force": MODE_HELP["force"],
    "why": "SUPERVISOR/SCENARIO, as runit/crashloop: the evidence of that cell of the matrix",
}
COMPARE_HELP = {
    "run": f"{_RUN}; each later one is compared with the first",
    "fail-on": "regression:PERCENT or regression:PERCENT,AMOUNT such as regression:10%,1ms,64kB: "
    "exit code 1 where a figure is worse by more than each of them over its whole 95 % interval, "
    "and where something measured before is missing or worse; single figures count only with "
    "--metric, the floor only with --only=floor; docs/compare.md",
    "only": "NAME or NAME/ROLE/PROFILE/PLACE: compare just these (repeatable, or by commas)",
    "scenario": "NAME: compare just what these scenarios show (repeatable, or by commas)",
    "metric": "NAME or its beginning, as pss for pss_1 and pss_10: compare just these figures "
    "(repeatable, or by commas)",
    "format": "terminal, md or json, on standard output",
}
BISECT_HELP = {
    "name": "SUPERVISOR or SUPERVISOR/ROLE/PROFILE/PLACE whose versions are searched",
    "metric": "the figure, one with an interval: restart_long, restart_short (docs/results.md)",
    "from": "the oldest version",
    "to": "the newest version",
    "os": SYSTEM_HELP["os"],
    "trials": EFFORT_HELP["trials"],
    **OUTPUT_HELP,
}
BENCH_SELF_HELP = {
    "against": "the other revision, such as a tag or HEAD~10",
    "command": "the command of ./inv that both run; bench --quick",
    "turns": "how often each runs it; 3",
    "guests": "guests whose starts are timed, all of them running at the end; 50, or 0 for none",
}
