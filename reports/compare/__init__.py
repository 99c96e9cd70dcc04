"""What changed between runs: by contender and metric, and what they do."""
