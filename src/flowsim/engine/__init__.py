"""Engines: the only rooms that know how time passes. ``reference`` is SimPy, written to be read."""
