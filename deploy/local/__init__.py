"""One machine: everything that `make up` starts, from PyPI alone."""
