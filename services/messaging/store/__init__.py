"""SQL over arrays: rows in, rows out, on the transaction it is given."""
