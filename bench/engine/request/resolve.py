"""What to measure, with everything resolved before anything starts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.engine.request.options import RunOptions
from bench.model.scenario import SamplingEffort, Scenario
from bench.model.selection.contenders import AbsentSupervisor, SelectedContender
from bench.scenarios import scenarios
from bench.tracing.attach import check_traceable
from provision.host.tools import install_guest_tools
from provision.provider import Provider
from provision.registry import choose_provider
from provision.systems import System

TRIALS, TRIALS_QUICK = 30, 6
# Identical guests of one contender at most; guests one after the other where one runs at a time.
REPLICAS, ROUNDS = 40, 3
# Seconds of trials in one guest after which the rest goes to further guests.
GUEST_SECONDS, GUEST_SECONDS_QUICK = 125.0, 25.0
# The same of trials that need a quiet host, where a further guest takes a fraction of a second.
QUIET_SECONDS, QUIET_SECONDS_QUICK = 40.0, 10.0
# Seconds that two trials may take in a quick run.
BUDGET_QUICK = 30.0


@dataclass(frozen=True)
class BenchRequest:
    """What to measure, with everything resolved: all that the engine is given.

    provider_reason: why this provider. contenders: the floor included. absent: selected supervisors
    that this system does not get. options: what the person chose. unfilled: supervisors that are
    left out because their folder is not filled in.
    """

    systems: tuple[System, ...]
    provider: Provider
    provider_reason: str
    contenders: tuple[SelectedContender, ...]
    absent: tuple[AbsentSupervisor, ...]
    scenarios: tuple[Scenario, ...]
    effort: SamplingEffort
    options: RunOptions
    unfilled: tuple[str, ...] = ()


def resolve_request(options: RunOptions) -> BenchRequest:
    """Find the contenders, scenarios and provider that the options name. Raises Problem."""
    selected = options.select()
    systems = options.guest_systems
    name = options.provider if len(systems) == 1 else "lxc"
    choices = [choose_provider(name, system, options.box) for system in systems]
    provider, reason = choices[0]
    if len(systems) > 1:
        reason = "guests of several systems run side by side"
    if options.trace:
        check_traceable(provider)
    return BenchRequest(
        systems=systems,
        provider=provider,
        provider_reason=reason,
        contenders=selected.contenders,
        absent=selected.absent,
        # In the order of the registry: what a guest does first does not depend on the request.
        scenarios=tuple(
            scenario for scenario in scenarios().values() if scenario.name in options.scenarios
        ),
        effort=sampling_effort(options, provider),
        options=options,
        unfilled=selected.unfilled,
    )


def resolve_with_tools(options: RunOptions) -> BenchRequest:
    """Resolve a request for guests of this host, on which what they need is installed first.

    A request that makes no sense installs nothing. Raises Problem.
    """
    options.select()
    install_guest_tools(options.guest_systems, options.provider, options.box)
    return resolve_request(options)


def sampling_effort(options: RunOptions, provider: Provider) -> SamplingEffort:
    """Decide how much is measured, and in how many guests."""
    trials = options.trials or (TRIALS_QUICK if options.quick else TRIALS)
    replicas = min(REPLICAS, provider.max_guests)
    quick, one_guest = options.quick, provider.max_guests == 1
    quiet_seconds = QUIET_SECONDS_QUICK if quick else QUIET_SECONDS
    return SamplingEffort(
        trials,
        guest_seconds=GUEST_SECONDS_QUICK if quick else GUEST_SECONDS,
        budget_seconds=BUDGET_QUICK if quick else None,
        max_guests=replicas,
        seed=options.seed,
        min_guests=ROUNDS if one_guest and not quick else 1,
        quiet_seconds=quiet_seconds if provider.shares_kernel else math.inf,
    )
