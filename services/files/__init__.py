"""Files: what is attached."""
