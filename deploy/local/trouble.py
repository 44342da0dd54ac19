"""What a person is told when the machine stands in the way."""


class Trouble(Exception):
    """One sentence that says what is wrong and what to do about it; printed alone, with no traceback."""
