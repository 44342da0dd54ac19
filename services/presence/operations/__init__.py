"""What presence does."""
