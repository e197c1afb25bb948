"""The URL of the mail server."""

import pytest

from services.delivery.adapters.mail import MailServer, Security


@pytest.mark.parametrize(
    ("url", "server"),
    [
        (
            "smtps://roost:s%40fe@mail.example",
            MailServer("mail.example", 465, Security.TLS, "roost", "s@fe"),
        ),
        (
            "smtp+starttls://roost:safe@mail.example:2587/",
            MailServer("mail.example", 2587, Security.STARTTLS, "roost", "safe"),
        ),
        ("smtp://127.0.0.1:1025", MailServer("127.0.0.1", 1025, Security.NONE)),
        (
            "smtp://a:b@localhost",
            MailServer("localhost", 25, Security.NONE, "a", "b"),
        ),
    ],
)
def test_urls_are_read(url: str, server: MailServer) -> None:
    assert MailServer.parse(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtps://mail.example/path",
        "smtps://mail.example?tls=no",
        "smtps://user@mail.example",
        "smtp://user:password@mail.example",
        "smtps://mail.example:port",
    ],
)
def test_what_cannot_be_right_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"must|Port"):
        MailServer.parse(url)


def test_a_log_line_shows_no_password() -> None:
    server = MailServer.parse("smtps://roost:secret@mail.example")

    assert "secret" not in repr(server)
    assert "roost" not in repr(server)
