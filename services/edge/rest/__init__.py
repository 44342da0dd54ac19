"""The REST surface: a module per resource with its route table on top; a handler is parse, call, render."""
