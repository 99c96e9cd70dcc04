"""Whether a run's files are what they should be: schema, rules, figures computed again."""
