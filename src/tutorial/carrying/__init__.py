"""Snapshots of the parts: compared, copied out, and kept in step by three-way merge."""
