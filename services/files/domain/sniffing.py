"""What a file's bytes are: decided by the bytes; its extension only chooses among what they may be.

Nothing that a browser would run is ever called by its name: HTML and scripts are plain text.
"""

import re
from typing import Final

HEAD: Final = 4096
"""How many of the first bytes decide."""

UNKNOWN: Final = "application/octet-stream"
TEXT: Final = "text/plain"
SVG: Final = "image/svg+xml"

PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/tiff"})
"""What previews are made of."""

_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"8BPS\x00\x01", "image/vnd.adobe.photoshop"),
    (b"%PDF-", "application/pdf"),
    (b"{\\rtf", "application/rtf"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x00\x00\x01\xb3", "video/mpeg"),
    (b"FLV\x01", "video/x-flv"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"MThd", "audio/midi"),
    (b"ID3", "audio/mpeg"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"\x7fELF", "application/x-executable"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/avi"}
_ISO_BRANDS: Final = {
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
}
# Containers whose content shows only further in: the extension chooses, among these.
_OOXML: Final = "application/vnd.openxmlformats-officedocument."
_ODF: Final = "application/vnd.oasis.opendocument."
_ZIP: Final = {
    "docx": _OOXML + "wordprocessingml.document",
    "xlsx": _OOXML + "spreadsheetml.sheet",
    "pptx": _OOXML + "presentationml.presentation",
    "odt": _ODF + "text",
    "ods": _ODF + "spreadsheet",
    "odp": _ODF + "presentation",
    "epub": "application/epub+zip",
    "apk": "application/vnd.android.package-archive",
    "jar": "application/java-archive",
}
_OLE: Final = {
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "msg": "application/vnd.ms-outlook",
}
_MATROSKA: Final = {"mkv": "video/x-matroska", "mka": "audio/x-matroska"}
_OGG: Final = {"ogv": "video/ogg"}
_TEXTS: Final = {"csv": "text/csv", "md": "text/markdown", "json": "application/json", "yaml": "application/yaml"}

_BOMS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
# Atomic and possessive throughout: the head is a stranger's, and must not be able to make matching slow.
_is_svg = re.compile(
    rb"\s*+(?><\?xml[^>]*+>\s*+)?+(?><!--.*?-->\s*+|<!DOCTYPE[^>]*+>\s*+)*+<svg[\s>]", re.DOTALL | re.IGNORECASE
).match
_view_box = re.compile(
    rb"\bviewBox\s*+=\s*+[\"']\s*+[\d.+-]++[\s,]++[\d.+-]++[\s,]++([\d.]++)[\s,]++([\d.]++)", re.IGNORECASE
).search
_svg_tag = re.compile(rb"<svg\b[^>]*>", re.DOTALL | re.IGNORECASE).search


def sniff(head: bytes, extension: str) -> str:
    """Return the content type of what begins with `head`; `extension` in lower case without the dot."""
    head = head[:HEAD]
    if head[:4] == b"RIFF" and len(head) >= 12:
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        return _ISO_BRANDS.get(head[8:12], "video/mp4")
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _ZIP.get(extension, "application/zip")
    if head[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return _OLE.get(extension, "application/x-ole-storage")
    if head[257:262] == b"ustar":
        return "application/x-tar"
    if head[:2] == b"BM" and len(head) >= 18 and head[6:10] == b"\x00\x00\x00\x00" and head[14] in (12, 40, 108, 124):
        return "image/bmp"
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return _by_extension(kind, extension)
    if _is_svg(head.removeprefix(b"\xef\xbb\xbf")):
        return SVG
    if _is_text(head):
        return _TEXTS.get(extension, TEXT)
    if len(head) > 3 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:  # an MPEG audio frame, layer III
        return "audio/mpeg"
    return UNKNOWN


def svg_size(head: bytes) -> tuple[int, int]:
    """Return the width and height in pixels that an SVG states, by itself or by its viewBox; 0, 0 if none."""
    tag = _svg_tag(head)
    if tag is None:
        return 0, 0
    width, height = (_length(tag.group(), name) for name in (b"width", b"height"))
    if width and height:
        return width, height
    box = _view_box(tag.group())
    return (_pixels(box.group(1)), _pixels(box.group(2))) if box else (0, 0)


def _length(tag: bytes, name: bytes) -> int:
    found = re.search(rb"\s" + name + rb"\s*+=\s*+[\"']\s*+([\d.]++)\s*+(?:px)?+\s*+[\"']", tag, re.IGNORECASE)
    return _pixels(found.group(1)) if found else 0


def _pixels(text: bytes) -> int:
    try:
        return min(int(float(text)), 1_000_000)
    except ValueError:
        return 0


def _by_extension(kind: str, extension: str) -> str:
    if kind == "video/webm":
        return _MATROSKA.get(extension, kind)
    if kind == "audio/ogg":
        return _OGG.get(extension, kind)
    return kind


def _is_text(head: bytes) -> bool:
    if not head:
        return False
    if head.startswith(_BOMS[1:]):
        return True
    if any(byte < 32 and byte not in (9, 10, 12, 13, 27) for byte in head) or 127 in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # Cut in the middle of a character is fine; anything else is some old encoding, or no text at all.
        return error.reason == "unexpected end of data" or all(byte < 127 or byte >= 160 for byte in head)
    return True
