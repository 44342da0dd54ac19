"""How Chorus is run: on one machine, and by whom operates it."""
