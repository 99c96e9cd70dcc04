"""The steps of a plan; importing this package registers them all."""

from __future__ import absolute_import

from . import act, cpu, inspect, many, ready, trials, wait
