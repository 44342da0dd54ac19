"""How much the mesh carries: the load, the machine's own limits, and one table of both."""
