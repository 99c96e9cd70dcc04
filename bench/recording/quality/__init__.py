"""How far to trust a run's figures: the floor, doubts about latencies, warnings."""
