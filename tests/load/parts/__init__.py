"""The parts of `make bench`: each has a function that takes the stage, runs its phases and puts down its figures."""
