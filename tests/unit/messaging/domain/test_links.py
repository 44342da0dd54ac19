"""Which links and pictures of a text are shown beneath it."""

import json

import pytest

from services.messaging.domain.links import MAX_IMAGES, NONE, LinkRules, Links, domains

RULES = LinkRules()


def links(message: str, **props: object) -> Links:
    return RULES.links_of(message, json.dumps(props), "")


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
        ("![a picture](https://no.example/a.png) https://yes.example", "https://yes.example"),
        ("![a picture](https://no.example/a.png)", ""),
        ("ftp://no.example mailto:a@b", ""),
        ("https:// nothing", ""),
        ("nothing", ""),
    ],
)
def test_the_first_link_out_of_code(message: str, link: str) -> None:
    assert links(message).first == link


@pytest.mark.parametrize(
    "part",
    [
        "`", "`a``b```c", "http://a(", "http://", "(((", "    http://", "https://a.example(b)(c", "\n```\n`", "![",
        "![a](", "![](  ", "![](http://a", "![a](http://a(b)",
    ],
)  # fmt: skip
def test_the_longest_text_is_no_work(part: str) -> None:
    """What took the square of its length would not end here before everybody had lost patience."""
    assert isinstance(links("://" + part * (1_000_000 // len(part))), Links)


def test_pictures_are_those_of_the_text_and_of_its_attachments() -> None:
    message = "![a](https://a.example/a_(1).png) ![b]( <http://b.example/b.gif> ) `![c](http://no.example)`"
    assert links(message).images == ("https://a.example/a_(1).png", "http://b.example/b.gif")
    attachments = [
        {"image_url": "https://a.example/c.png", "thumb_url": "no link", "title_link": "https://no.example"},
        {"author_icon": "https://a.example/d.png", "footer_icon": 7},
        "no attachment",
    ]
    found = links("https://a.example", attachments=attachments)
    assert found == Links("", ("https://a.example/c.png", "https://a.example/d.png"))
    many = "".join(f"![x](https://a.example/{n}.png)" for n in range(100))
    assert len(links(many).images) == MAX_IMAGES


def test_each_link_is_looked_at_once_unless_it_is_too_long() -> None:
    assert links("https://a.example/a ![x](https://a.example/a)").asked == ("https://a.example/a",)
    assert links("https://a.example/" + "ä" * 1016).asked == ()
    assert links("https://a.example/" + "ä" * 1015).asked


def test_notices_and_unsafe_links_show_nothing() -> None:
    assert RULES.links_of("https://a.example", "{}", "system_header_change") == NONE
    assert links("https://a.example ![x](https://a.example/x.png)", unsafe_links="true") == NONE
    assert links("https://a.example", unsafe_links="false").first
    assert LinkRules(enabled=False).links_of("https://a.example", "{}", "") == NONE
    for props in ('["attachments"]', '{"attachments"', '{"attachments":[]}', ""):
        assert RULES.links_of("https://a.example", props, "").first


def test_restricted_domains_are_passed_over_with_all_below_them() -> None:
    rules = LinkRules(restricted=domains(" Example.com , https://other.example/path,"))
    assert rules.restricted == ("example.com", "other.example")
    message = "https://example.com/a https://www.EXAMPLE.com https://other.example https://notexample.com/b"
    assert rules.links_of(message, "{}", "").first == "https://notexample.com/b"
    assert rules.links_of("![x](https://example.com/x.png)", "{}", "") == NONE
    assert rules.links_of("http://[example.com", "{}", "").first == ""


SITE = "https://chat.example/chorus"
POST = "p" * 26


@pytest.mark.parametrize(
    ("link", "permalink"),
    [
        (f"{SITE}/team-1/pl/{POST}", POST),
        (f"{SITE}/_redirect/pl/{POST}", POST),
        (f"[this]({SITE}/team-1/pl/{POST})", POST),
        (f"{SITE}/team-1/pl/{POST}/more", ""),
        (f"{SITE}/team-1/pl/{POST}x", ""),
        (f"{SITE}/team-1/channels/{POST}", ""),
        (f"{SITE}/Team/pl/{POST}", ""),
        (f"{SITE}.evil.example/team-1/pl/{POST}", ""),
        (f"https://evil.example/{SITE}/team-1/pl/{POST}", ""),
        (f"`{SITE}/team-1/pl/{POST}`", ""),
        (f"https://a.example {SITE}/team-1/pl/{POST}", ""),
    ],
)
def test_permalinks_lead_to_posts_of_this_server_and_are_never_looked_at(link: str, permalink: str) -> None:
    found = LinkRules(site_url=SITE).links_of(link, "{}", "")
    assert found.permalink == permalink
    assert not (found.permalink and found.first)
    assert LinkRules().links_of(link, "{}", "").permalink == ""


def test_permalinks_have_a_switch_of_their_own() -> None:
    link = f"{SITE}/team/pl/{POST} ![x](https://a.example/x.png)"
    assert LinkRules(enabled=False, site_url=SITE).links_of(link, "{}", "") == Links("", (), POST)
    assert LinkRules(enabled=False, site_url=SITE).links_of("https://a.example", "{}", "") == NONE
    assert LinkRules(site_url=SITE, permalinks=False).links_of(link, "{}", "") == Links(
        "", ("https://a.example/x.png",), ""
    )
