"""A daemon ends: whether, when and how often it is started again."""
