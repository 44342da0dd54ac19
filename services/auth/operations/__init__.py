"""What auth promises, told in order; each owns the extent of its transaction."""
