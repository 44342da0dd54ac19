"""Other servers, measured beside this one: what runs them, and the load in their own protocol."""
