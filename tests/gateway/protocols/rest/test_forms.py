"""Forms with a file: what is taken, what is refused, and how much memory they hold."""

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from gateway.core.bodies import ClientGone
from gateway.core.errors import BodyTooLarge, MalformedBody, Overloaded
from gateway.protocols.rest.forms import Form, FormMemory, FormReader
from services.chassis.runtime.errors import RoostError

BOUNDARY = "b0undary"
HEADERS = {b"content-type": f"multipart/form-data; boundary={BOUNDARY}".encode()}
MOST = 1_000


class Fields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text fields of the forms here."""

    title: str = ""
    place: str = ""


def part(name: str, content: bytes, *, more: str = "", kind: str = "") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n'
    head += f"Content-Type: {kind}\r\n" if kind else ""
    return head.encode() + b"\r\n" + content + b"\r\n"


def file(content: bytes, *, name: str = "a.png", kind: str = "image/png") -> bytes:
    return part("file", content, more=f'; filename="{name}"', kind=kind)


END = f"--{BOUNDARY}--\r\n".encode()


class Sender:
    """Sends a body in pieces, and then perhaps goes away."""

    def __init__(self, pieces: Iterable[bytes], *, leaves: bool = False) -> None:
        self._pieces = list(pieces)
        self._leaves = leaves

    async def __call__(self) -> dict[str, Any]:
        """The next piece."""
        if not self._pieces:
            return {"type": "http.disconnect"}
        piece = self._pieces.pop(0)
        more = bool(self._pieces) or self._leaves
        return {"type": "http.request", "body": piece, "more_body": more}


def pieces(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, max(1, len(body)), size)]


@pytest.fixture
def memory() -> FormMemory:
    return FormMemory(5 * MOST)


@pytest.fixture
def reader(memory: FormMemory) -> FormReader[Fields]:
    return FormReader(Fields, most=MOST, memory=memory)


async def read(
    reader: FormReader[Fields], body: bytes, *, size: int = 64, **headers: bytes
) -> tuple[Fields, bytes, str, str]:
    given = HEADERS | {name.replace("_", "-").encode(): value for name, value in headers.items()}
    async with reader.read(Sender(pieces(body, size)), given) as form:
        return (
            form.fields,
            b"".join(form.file.chunks),
            form.file.name,
            form.file.content_type,
        )


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
async def test_a_form_is_the_same_in_whatever_pieces_it_comes(
    reader: FormReader[Fields], size: int
) -> None:
    content = bytes(range(256)) + b"\r\n--b0und\r\n--" + bytes(300)
    body = part("title", "Über".encode()) + file(content) + part("place", b"") + END

    found = await read(reader, body, size=size)

    assert found == (Fields("Über", ""), content, "a.png", "image/png")


async def test_an_end_without_a_line_feed_is_an_end(reader: FormReader[Fields]) -> None:
    found = await read(reader, file(b"abc") + END.rstrip())

    assert found[1] == b"abc"


async def test_a_file_of_the_largest_size_is_taken_and_one_byte_more_is_not(
    reader: FormReader[Fields],
) -> None:
    found = await read(reader, file(bytes(MOST)) + END)

    assert len(found[1]) == MOST
    with pytest.raises(BodyTooLarge, match="1,000 bytes"):
        await read(reader, file(bytes(MOST + 1)) + END)


@pytest.mark.parametrize("length", [b"1000000000", b"-1", b"x"])
async def test_a_body_that_says_it_is_too_large_is_refused_unread(
    reader: FormReader[Fields], length: bytes
) -> None:
    async def nothing() -> dict[str, Any]:
        raise AssertionError("the body was read")

    with pytest.raises(BodyTooLarge):
        async with reader.read(nothing, HEADERS | {b"content-length": length}):
            pass


async def test_a_body_that_is_all_text_is_refused(reader: FormReader[Fields]) -> None:
    with pytest.raises(BodyTooLarge):
        await read(reader, part("title", bytes(200_000)) + END, size=100_000)


@pytest.mark.parametrize(
    ("body", "reason", "detail"),
    [
        (END, "VALIDATION_FAILED", "file: is required"),
        (part("title", b"a") + END, "VALIDATION_FAILED", "file: is required"),
        (file(b"") + END, "VALIDATION_FAILED", "file: must not be empty"),
        (part("tilte", b"a") + file(b"a") + END, "VALIDATION_FAILED", "there is no such field"),
        (file(b"a") + file(b"b") + END, "BODY_MALFORMED", 'names "file" twice'),
        (part("title", b"a") * 2 + file(b"a") + END, "BODY_MALFORMED", 'names "title" twice'),
        (part("title", b"\xff") + file(b"a") + END, "BODY_MALFORMED", "not UTF-8"),
        (b'{"file": "abc"}', "BODY_MALFORMED", "not a valid form"),
        (file(b"abc"), "BODY_MALFORMED", "ends before its last boundary"),
        (file(b"abc")[:-5], "BODY_MALFORMED", "ends before its last boundary"),
        (
            f"--{BOUNDARY}\r\nContent-Type: image/png\r\n\r\nabc\r\n".encode() + END,
            "BODY_MALFORMED",
            "has no name",
        ),
        (b"", "BODY_MALFORMED", "ends before"),
    ],
)
async def test_a_form_that_is_wrong_is_refused_in_words(
    reader: FormReader[Fields], body: bytes, reason: str, detail: str
) -> None:
    with pytest.raises(RoostError, match=detail) as refused:
        await read(reader, body)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (None, "CONTENT_TYPE_NOT_SUPPORTED"),
        (b"application/json", "CONTENT_TYPE_NOT_SUPPORTED"),
        (b"multipart/mixed; boundary=b", "CONTENT_TYPE_NOT_SUPPORTED"),
        (b"multipart/form-data", "BODY_MALFORMED"),
        (b"multipart/form-data; boundary=" + b"b" * 2_000, "BODY_MALFORMED"),
    ],
)
async def test_a_body_of_another_type_is_refused(
    reader: FormReader[Fields], kind: bytes | None, reason: str
) -> None:
    headers = {b"content-type": kind} if kind else {}

    with pytest.raises(RoostError) as refused:
        async with reader.read(Sender([END]), headers):
            pass

    assert refused.value.reason == reason


async def test_a_sender_who_stops_half_way_leaves_nothing(
    reader: FormReader[Fields], memory: FormMemory
) -> None:
    half = file(bytes(MOST))[:500]

    for _ in range(20):
        with pytest.raises(ClientGone):
            async with reader.read(Sender([half], leaves=True), HEADERS):
                pass

    memory.take(5 * MOST)


async def test_files_beyond_the_memory_of_all_forms_are_refused_until_others_are_done(
    reader: FormReader[Fields], memory: FormMemory
) -> None:
    body = file(bytes(MOST)) + END
    memory.take(4 * MOST)
    async with reader.read(Sender([body]), HEADERS):
        with pytest.raises(Overloaded):
            await read(reader, body)

    assert len((await read(reader, body))[1]) == MOST


async def test_a_form_that_is_refused_gives_its_memory_back(
    reader: FormReader[Fields], memory: FormMemory
) -> None:
    for _ in range(20):
        with pytest.raises(MalformedBody):
            await read(reader, file(bytes(MOST)) + file(b"b") + END)

    memory.take(5 * MOST)


async def test_a_file_is_dropped_when_its_request_is_done(reader: FormReader[Fields]) -> None:
    async with reader.read(Sender([file(b"abc") + END]), HEADERS) as form:
        kept: Form[Fields] = form

    assert kept.file.chunks == []
