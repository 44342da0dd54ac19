"""What messaging does: each operation tells its story and owns the extent of its transaction."""
