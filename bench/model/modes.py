"""The modes of a distribution of latencies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

# Two modes are at least this factor apart, and each has at least this share of the samples.
MIN_MODE_DISTANCE, MIN_MODE_SHARE = 1.5, 0.1
MIN_SAMPLES_FOR_MODES = 10


def modes(latencies: Sequence[float]) -> list[list[float]]:
    """Group latencies by mode: cut them in the valleys of their density.

    The density is of the logarithms. Latencies between two modes are in neither.
    """
    values = sorted(latencies)
    if len(values) < MIN_SAMPLES_FOR_MODES:
        return [values] if values else []
    if values[0] <= 0 or values[-1] / values[0] < MIN_MODE_DISTANCE:
        return [values]
    import numpy as np  # slow imports, needed by a run's end only
    from scipy.signal import find_peaks
    from scipy.stats import gaussian_kde

    logs = np.log(values)
    # Half of Scott's width: one width for all modes would smear several into one.
    density = gaussian_kde(logs, 0.5 * len(logs) ** -0.2)
    grid = np.linspace(logs[0] - 1, logs[-1] + 1, 1024)
    height = density(grid)
    peaks, _ = find_peaks(height, prominence=0.1 * height.max())
    cuts = [
        grid[left + int(np.argmin(height[left:right]))]
        for left, right in pairwise(peaks)
        if grid[right] - grid[left] > math.log(MIN_MODE_DISTANCE)
    ]
    groups = [list(group) for group in np.split(values, np.searchsorted(logs, cuts))]
    large = [group for group in groups if len(group) >= MIN_MODE_SHARE * len(values)]
    return large if len(large) > 1 else [values]
