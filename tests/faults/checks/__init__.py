"""The checks, one promise each: from a timeline to what is wrong with it."""
