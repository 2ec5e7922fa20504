"""A learner's project: recognised, copied, run against the promises, and diagnosed."""
