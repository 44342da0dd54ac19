"""What proves the API: which operations there are, what their answers look like, and which of them tests have seen."""
