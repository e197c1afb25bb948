"""Whatever reads bytes from outside answers by its own error, or by what there is: never else."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from roost.post.v1.post_service_pb2 import ListUserPostsRequest

from gateway.protocols.stream import frames, socket
from gateway.protocols.stream.close_codes import FrameInvalid
from services.chassis.auth.tokens import jws
from services.chassis.auth.tokens.jws import TokenInvalid
from services.chassis.auth.tokens.verifier import bearer_token
from services.chassis.cache import batch_lookup
from services.chassis.events.records import Event, Record, Undecodable
from services.chassis.rpc.paging import PageTokenInvalid, PageTokens
from services.chassis.rpc.pipeline import headers_of
from services.chassis.runtime import telemetry
from services.eventlog.adapters import wake_ups_valkey
from services.timeline.adapters.feeds_valkey import _reading
from services.timeline.domain import model as timeline_model
from services.user.domain.refresh_tokens import PresentedToken, RefreshTokens

TEXT = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="ey.A-_=0", max_size=200),
    st.binary(max_size=120).map(lambda raw: raw.decode("latin-1")),
)
BYTES = st.binary(max_size=200)
fuzzed = settings(max_examples=150, deadline=None, derandomize=True)

_TOKENS = PageTokens(b"k" * 32)
_REFRESH = RefreshTokens(master_key=b"k" * 32)


def or_raises(kind: type[Exception], act: Callable[..., Any], *given_: Any) -> Any:
    """The answer; None where it was the one error that the caller is to expect."""
    try:
        return act(*given_)
    except kind:
        return None


@fuzzed
@given(st.one_of(TEXT, st.text(alphabet="abcdefAZ09-_", max_size=80)))
@example("\ud800")
@example("A" * 100_000)
def test_page_token(token: str) -> None:
    request = ListUserPostsRequest(user_id=1)
    try:
        request.page_token = token
    except UnicodeEncodeError:
        return  # no message carries it
    assert not token or or_raises(PageTokenInvalid, _TOKENS.open, request, int) is None


@fuzzed
@given(TEXT)
@example("\ud800")
@example("A" * 87)
def test_refresh_token(token: str) -> None:
    read = _REFRESH.read(token)

    assert read is None or (isinstance(read, PresentedToken) and not read.genuine)


@fuzzed
@given(st.one_of(TEXT, st.tuples(TEXT, TEXT, TEXT).map(".".join)))
@example("[" * 4_000)
@example("W1tb" * 300 + "." + "A" * 4 + "." + "A" * 86)
@example("\ud800.\ud800.\ud800")
def test_signed_token(token: str) -> None:
    assert or_raises(TokenInvalid, jws.read_header, token) is None


@fuzzed
@given(st.lists(st.tuples(st.sampled_from(["authorization", "traceparent", "x"]), TEXT)))
def test_headers_of_a_call(metadata: list[tuple[str, str]]) -> None:
    found = headers_of(metadata)

    token = or_raises(TokenInvalid, bearer_token, found.authorization)
    assert token is None or isinstance(token, str)
    # A trace holds for the rest of a context, and this one is left with the call.
    for join in (telemetry.begin, telemetry.enter):
        assert len(copy_context().run(join, found.traceparent).trace_id) == 32


@fuzzed
@given(st.one_of(TEXT, BYTES.map(lambda raw: raw.hex())))
@example('{"type":"resume","after_sequence":' + "9" * 5_000 + "}")
@example('{"type":"subscribe","topics":' + "[" * 5_000)
@example("\ud800")
def test_frame_of_the_stream(text: str) -> None:
    frame = or_raises(FrameInvalid, socket._read, {"text": text})

    assert frame is None or isinstance(
        frame, frames.Subscribe | frames.Resume | frames.Ack | frames.Ping | frames.Pong
    )


@fuzzed
@given(
    key=st.none() | BYTES,
    value=st.none() | BYTES,
    given_=st.lists(
        st.tuples(
            st.sampled_from(["event-id", "type", "time", "traceparent"]), st.none() | BYTES | TEXT
        )
    ),
)
def test_record_of_the_broker(
    key: bytes | None, value: bytes | None, given_: list[tuple[str, bytes | str | None]]
) -> None:
    event = or_raises(Undecodable, Event.from_record, Record("t", key, value, given_))

    assert event is None or event.time.tzinfo is not None


@fuzzed
@given(BYTES)
@example(b"\x7f" * 28)
@example(b"\xff" * 28)
def test_wake_up_of_the_log(raw: bytes) -> None:
    entries = or_raises(wake_ups_valkey.Undecodable, wake_ups_valkey.unpack_entries, raw)
    activities = or_raises(wake_ups_valkey.Undecodable, wake_ups_valkey.unpack_activities, raw)

    assert entries is None or wake_ups_valkey.pack_entries(entries) == raw
    assert activities is None or len(wake_ups_valkey.pack_activities(activities)) == len(raw)


@fuzzed
@given(BYTES)
def test_feed_in_the_cache(raw: bytes) -> None:
    found = _reading([2, raw, 1, b""])

    assert len(found.entries) == (len(raw) // 32 if len(raw) % 32 == 0 else 0)
    or_raises(timeline_model.Unreadable, timeline_model.unpacked_ids, raw)


@pytest.mark.parametrize("kind", [batch_lookup.VALUE, batch_lookup.ABSENT, batch_lookup.LEASE])
@fuzzed
@given(raw=BYTES, place=st.integers(0, 300))
def test_entry_of_the_cache(kind: int, raw: bytes, place: int) -> None:
    now = batch_lookup.moment(0)
    whole = batch_lookup.pack(kind, fresh_until=1 << 40, content=raw)
    at = place % len(whole)
    damaged = whole[:at] + bytes((whole[at] ^ 0x55,)) + whole[at + 1 :]

    # Nothing but the content that was written is ever given for a value.
    assert batch_lookup.fresh_values([whole], now) == [raw if kind == batch_lookup.VALUE else None]
    assert batch_lookup.fresh_values([damaged], now) in ([None], [raw])
    assert batch_lookup.fresh_values([raw], now) in ([None], [raw[17:]])
