"""What files does."""
