"""Decides which names are hosts of web addresses, and encodes them: UTS 46, with emoji and
underscores.

The mapping and the checks of letters are those of the `idna` package (UTS 46, IDNA 2008). Two
things are allowed beyond IDNA 2008, because addresses of that kind are in use: emoji and
underscores, in every label but the last.
"""

import idna
import regex

_MAX_HOST = 253
_MAX_LABEL = 63
_PUNYCODE = "xn--"

_ASCII_LABEL = regex.compile(r"[a-z0-9_](?:[a-z0-9_\-]*[a-z0-9_])?")
# Without the digits and signs that only begin keycaps.
EMOJI = r"[\p{Emoji}--\p{ASCII}]"
_BEYOND_IDNA = regex.compile(rf"[_{EMOJI}]", regex.VERSION1)
# Names that browsers read as IPv4 addresses.
_NUMBER = regex.compile(r"[0-9]+|0x[0-9a-f]*")
# UTS 46 drops invisible signs, so that a name with one looks like another. Those that mean
# something in a word are left to the rules of IDNA 2008; U+FE0F follows emoji.
_INVISIBLE = regex.compile(
    r"[[\p{Cf}\p{Default_Ignorable_Code_Point}]--[\u200c\u200d\ufe0f]]", regex.VERSION1
)


def is_host(name: str) -> bool:
    """Whether the name, as written, is a host of at least two labels, the last one no number.

    A single dot may end it. Addresses in digits are no hosts.
    """
    return encode_host(name) != ""


def encode_host(name: str) -> str:
    """The host as it is looked up: in lower case and ASCII, without a dot at its end. All spellings
    of one host have the same form; a name that is no host has none."""
    if len(name) > _MAX_HOST or _INVISIBLE.search(name):
        return ""
    try:
        mapped = idna.uts46_remap(name, std3_rules=False)
    except idna.IDNAError:
        return ""
    labels = mapped.removesuffix(".").split(".")
    # A mapping that makes dots would move the border between the labels.
    if len(labels) < 2 or mapped.count(".") != name.count("."):
        return ""
    encoded = [_encode(label) for label in labels]
    top = encoded[-1]
    host = ".".join(encoded)
    proper = (
        all(encoded)
        and len(host) <= _MAX_HOST
        and len(labels[-1]) >= 2
        and _NUMBER.fullmatch(top) is None
        and _BEYOND_IDNA.search(labels[-1]) is None
    )
    return host if proper else ""


def _encode(label: str) -> str:
    """The label as it is looked up, or nothing if it is none. Expects what UTS 46 maps it to."""
    if label.startswith(_PUNYCODE):
        return label if _is_encoded(label) else ""
    if label.isascii():
        proper = len(label) <= _MAX_LABEL and _ASCII_LABEL.fullmatch(label)
        return label if proper else ""
    try:
        # A letter takes the place of what the library refuses, so that it checks the rest.
        idna.check_label(_BEYOND_IDNA.sub("x", label))
        encoded = _PUNYCODE + label.encode("punycode").decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return ""
    return encoded if len(encoded) <= _MAX_LABEL else ""


def _is_encoded(label: str) -> bool:
    """Whether the label is what a proper label with letters beyond ASCII is encoded to."""
    try:
        decoded = label.removeprefix(_PUNYCODE).encode("ascii").decode("punycode")
        return (
            not decoded.isascii()
            and idna.uts46_remap(decoded, std3_rules=False) == decoded
            and not decoded.startswith(_PUNYCODE)
            and _encode(decoded) == label
        )
    except (idna.IDNAError, UnicodeError):
        return False
