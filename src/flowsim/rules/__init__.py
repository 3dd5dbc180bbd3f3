"""Decisions the model takes, one a function, free of any engine: plain numbers in, a decision out."""
