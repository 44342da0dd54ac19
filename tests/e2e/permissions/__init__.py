"""Who may do what, as the protocol says it: tables of facts, and nothing of the server's own code."""
