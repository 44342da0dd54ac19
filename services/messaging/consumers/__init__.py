"""What messaging keeps of others, fed from their logs."""
