"""Which link of a text is shown beneath it."""

import pytest

from services.edge.dialect.links import first_link


@pytest.mark.parametrize(
    ("message", "link"),
    [
        ("see https://a.example/x?y=1#z, and http://b.example", "https://a.example/x?y=1#z"),
        ("[text](https://a.example/b)", "https://a.example/b"),
        ("<https://a.example>", "https://a.example"),
        ("https://a.example/wiki/B_(c)", "https://a.example/wiki/B_(c)"),
        ("(https://a.example/b)", "https://a.example/b"),
        ("**https://a.example**", "https://a.example"),
        ("`https://no.example` https://yes.example", "https://yes.example"),
        ("``a ` https://no.example`` https://yes.example", "https://yes.example"),
        ("` https://yes.example", "https://yes.example"),
        ("```\nhttps://no.example\n```\nhttps://yes.example", "https://yes.example"),
        ("~~~\nhttps://no.example", ""),
        ("    https://no.example\nhttps://yes.example", "https://yes.example"),
        ("ftp://no.example mailto:a@b", ""),
        ("https:// nothing", ""),
        ("nothing", ""),
    ],
)
def test_the_first_link_out_of_code(message: str, link: str) -> None:
    assert first_link(message) == link


@pytest.mark.parametrize(
    "part", ["`", "`a``b```c", "http://a(", "http://", "(((", "    http://", "https://a.example(b)(c", "\n```\n`"]
)
def test_the_longest_text_is_no_work(part: str) -> None:
    """What took the square of its length would not end here before everybody had lost patience."""
    message = "://" + part * (1_000_000 // len(part))
    assert isinstance(first_link(message), str)
