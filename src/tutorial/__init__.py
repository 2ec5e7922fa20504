"""Runs, checks, compares and carries the parts of the tutorial, from outside."""
