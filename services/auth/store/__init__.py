"""SQL over arrays: rows in, rows out, in the transaction that it is given."""
