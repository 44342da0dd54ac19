"""A mesh of pure parts: real delivery, resumption and streams at each edge; a log, a bus, a registry and people by lot.

Time is a number, everything else is drawn from a seed, and the same seed does the same things.
"""
