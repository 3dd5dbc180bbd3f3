"""Experiments: arms by demand levels by replications, run in one pool and kept in one folder."""
