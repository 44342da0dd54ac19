"""What files follows on the bus."""
