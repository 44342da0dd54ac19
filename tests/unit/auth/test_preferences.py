"""Which preferences are kept, and how."""

import json

import pytest

from services.auth.domain.preferences import Preference, defaults, own, savable
from services.chassis.errors import DomainError, Reason


def pref(category: str = "last", name: str = "channel", value: str = "x", user_id: str = "ana") -> Preference:
    return Preference(user_id, category, name, value)


def refused(preference: Preference) -> tuple[Reason, str]:
    with pytest.raises(DomainError) as caught:
        savable([preference], "ana")
    return caught.value.reason, caught.value.facts.get("field", "")


def test_a_new_user_has_the_three_that_clients_expect() -> None:
    assert [(each.category, each.name, each.value) for each in defaults("ana")] == [
        ("recommended_next_steps", "hide", "false"),
        ("tutorial_step", "ana", "0"),
        ("system_notice", "GMasDM", "true"),
    ]
    assert len(savable(defaults("ana"), "ana")) == 3


def test_of_two_under_one_name_the_last_is_kept() -> None:
    assert savable([pref(value="1"), pref(name="a"), pref(value="2")], "ana") == [pref(name="a"), pref(value="2")]


@pytest.mark.parametrize(
    ("preference", "field"),
    [
        (pref(category=""), "category"),
        (pref(category="c" * 33), "category"),
        (pref(category="a\0"), "category"),
        (pref(name="ü" * 17), "name"),
        (pref(value="x" * 20_001), "value"),
        (pref(value="\0"), "value"),
        (pref(category="theme", value="{"), "theme"),
        (pref(category="theme", value='{"a":1}'), "theme"),
        (pref("sidebar_settings", "limit_visible_dms_gms", "41"), "limit_visible_dms_gms"),
        (pref("sidebar_settings", "limit_visible_dms_gms", "0"), "limit_visible_dms_gms"),
        (pref("sidebar_settings", "limit_visible_dms_gms", "-1"), "limit_visible_dms_gms"),
    ],
)
def test_what_is_out_of_bounds_is_refused(preference: Preference, field: str) -> None:
    assert refused(preference) == (Reason.INVALID_PREFERENCE, field)


def test_bounds_themselves_are_in() -> None:
    kept = [
        pref(category="c" * 32, name="", value="ü" * 20_000),
        pref("sidebar_settings", "limit_visible_dms_gms", "40"),
    ]
    assert savable(kept, "ana") == kept


def test_somebody_elses_is_refused() -> None:
    with pytest.raises(DomainError, match="preference_of_other"):
        savable([pref(), pref(user_id="ben")], "ana")
    with pytest.raises(DomainError, match="preference_of_other"):
        own([pref(user_id="ben")], "ana")


def test_a_theme_holds_colours_alone() -> None:
    theme = {"type": "custom", "centerChannelBg": "#fff", "linkColor": "#A0b1C2", "buttonBg": "red;}", "image": "x.png"}
    (kept,) = savable([pref("theme", "", json.dumps(theme))], "ana")
    assert json.loads(kept.value) == theme | {"buttonBg": "#ffffff"}
