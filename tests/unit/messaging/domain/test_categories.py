"""The headings of a sidebar: which there are, what stands under which, and what may be changed."""

from dataclasses import replace

import pytest

from services.chassis.errors import DomainError, Reason
from services.messaging.domain import categories
from services.messaging.domain.categories import Category, Placed


def custom(id: str, *channels: str, order: int = 10) -> Category:
    return Category(id, "u", "t", "custom", id.title(), "", order, False, False, channels)


def ids(row: list[Category]) -> list[str]:
    return [category.id for category in row]


def test_a_member_who_changed_nothing_has_three_headings() -> None:
    row = categories.arrange("u", "t", [], [Placed("o", "O", ""), Placed("d", "D", ""), Placed("g", "G", "")])
    assert [(c.id, c.sort_order, c.sorting, c.display_name, c.channel_ids) for c in row] == [
        ("favorites_u_t", 0, "", "Favorites", ()),
        ("channels_u_t", 10, "", "Channels", ("o",)),
        ("direct_messages_u_t", 20, "recent", "Direct Messages", ("d", "g")),
    ]


def test_a_channel_under_a_heading_that_is_gone_goes_home() -> None:
    row = categories.arrange("u", "t", [custom("mine")], [Placed("a", "O", "mine"), Placed("b", "P", "gone")])
    under = {category.id: category.channel_ids for category in row}
    assert (under["mine"], under["channels_u_t"]) == (("a",), ("b",))


def test_a_new_heading_comes_behind_the_favorites_with_channels_that_the_user_is_in() -> None:
    made, *others = categories.new(custom("new", "a", "x", "a"), categories.arrange("u", "t", [], []), {"a"})
    assert (made.sort_order, made.channel_ids) == (10, ("a",))
    assert [(c.type, c.sort_order) for c in others] == [("favorites", 0), ("channels", 20), ("direct_messages", 30)]


def test_a_default_heading_keeps_its_name_and_its_place() -> None:
    before = categories.defaults("u", "t")[1]
    asked = replace(before, display_name="Other", sort_order=99, type="custom", sorting="alpha", collapsed=True)
    after = categories.changed(before, asked, ())
    assert after == replace(before, sorting="alpha", collapsed=True)
    assert categories.changed(custom("mine"), replace(custom("mine"), display_name="New"), ()).display_name == "New"


@pytest.mark.parametrize("field", [{"sorting": "sideways"}, {"display_name": "x" * 65}, {"display_name": "\x00"}])
def test_what_cannot_be_is_refused(field: dict[str, str]) -> None:
    with pytest.raises(DomainError) as refused:
        categories.changed(custom("mine"), replace(custom("mine"), **field), ())  # type: ignore[arg-type]
    assert refused.value.reason is Reason.INVALID_ARGUMENT


def test_an_order_names_each_heading_once() -> None:
    row = categories.defaults("u", "t")
    back = [category.id for category in reversed(row)]
    assert ids(categories.reordered(row, back)) == back
    for wrong in (back[:2], [*back, "other"], [back[0], back[0], back[1]]):
        with pytest.raises(DomainError) as refused:
            categories.reordered(row, wrong)
        assert refused.value.reason is Reason.CATEGORIES_REFUSED
