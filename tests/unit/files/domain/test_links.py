"""What pages say of themselves."""

from services.files.domain.links import MAX_LISTED, MAX_TEXT, PageImage, page_of, pictures_of

LINK = "https://a.example/short"
REACHED = "https://www.a.example/articles/1"


def test_a_page_is_what_its_tags_say_of_it() -> None:
    page = page_of(
        LINK,
        REACHED,
        [
            ("og:title", " A title "),
            ("OG:Type", "article"),
            ("og:url", "https://elsewhere.example"),
            ("og:title", "a second one"),
            ("og:description", "x" * 1000),
            ("og:site_name", "A"),
            ("og:locale", "de_DE"),
            ("og:locale:alternate", "en_GB"),
            ("description", "not of the protocol"),
            ("og:image", "/one.png"),
            ("og:image:width", "200"),
            ("og:image:height", "-1"),
            ("og:image:type", "image/png"),
            ("og:image", "two.png"),
            ("og:image:url", "https://b.example/three.png"),
            ("og:image:secure_url", "https://b.example/secure.png"),
        ],
    )
    assert page is not None
    assert (page.url, page.title, page.type, page.site_name, page.locale) == (LINK, "A title", "article", "A", "de_DE")
    assert page.description == "x" * MAX_TEXT
    assert page.locales_alternate == ("en_GB",)
    assert page.images == (
        PageImage("https://www.a.example/one.png", type="image/png", width=200),
        PageImage("https://www.a.example/articles/two.png"),
        PageImage("https://b.example/three.png", "https://b.example/secure.png"),
    )
    assert pictures_of(page, 2) == ["https://www.a.example/one.png", "https://www.a.example/articles/two.png"]


def test_a_page_that_says_nothing_is_none() -> None:
    assert page_of(LINK, REACHED, []) is None
    assert page_of(LINK, REACHED, [("title", "x"), ("og:description", "x"), ("og:title", "")]) is None


def test_pictures_lead_to_the_web_alone_and_are_few() -> None:
    tags = [("og:title", "x"), ("og:image:width", "1")]
    tags += [
        ("og:image", url) for url in ("javascript:alert(1)", "data:image/png;base64,", "file:///etc/passwd", "//[")
    ]
    assert page_of(LINK, REACHED, tags).images == ()  # type: ignore[union-attr]
    many = page_of(LINK, REACHED, [("og:title", "x"), *(("og:image", f"/{n}.png") for n in range(50))])
    assert many is not None
    assert len(many.images) == MAX_LISTED
