"""What events show: stamps, latencies, processes, and the samples behind a verdict."""
