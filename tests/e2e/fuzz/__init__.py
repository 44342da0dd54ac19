"""Requests at random, for every operation that the edge serves: mostly right, so that they get far."""
