"""Refreshing, listing and revoking sessions; stream tickets."""

import asyncio
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import jwt
import pytest
from roost.user.v1 import user_events_pb2 as events_pb
from roost.user.v1.auth_service_pb2 import (
    AuthenticateRequest,
    ExtendStreamRequest,
    IssueStreamTicketRequest,
    ListRevokedSessionsRequest,
    ListSessionsRequest,
    RedeemStreamTicketRequest,
    RefreshSessionRequest,
    RevokeSessionRequest,
)

from services.chassis.auth.caller import ServiceCaller
from services.chassis.runtime.errors import (
    Invalid,
    NotFound,
    TooMany,
    Unauthenticated,
)
from services.user.domain.refresh_tokens import RefreshTokens
from services.user.domain.sessions import REFRESHES_A_MINUTE
from tests.servicers.grpc_server import raises_reason
from tests.servicers.user.conftest import MASTER_KEY, PASSWORD, Actor, UserServiceStack


async def refresh(stack: UserServiceStack, token: str) -> Any:
    return await stack.auth().RefreshSession(RefreshSessionRequest(refresh_token=token))


async def test_a_refresh_token_gives_the_next_pair(stack: UserServiceStack, alice: Actor) -> None:
    stack.clock.advance(60)

    response = await refresh(stack, alice.tokens.refresh_token)

    assert response.session.id == alice.session_id
    assert response.session.last_used_time.seconds == int(stack.clock.now().timestamp())
    assert response.tokens.refresh_token != alice.tokens.refresh_token
    assert response.tokens.access_token != alice.tokens.access_token
    assert (await refresh(stack, response.tokens.refresh_token)).tokens.refresh_token


async def test_repeating_the_last_refresh_within_ten_seconds_gives_the_same_answer(
    stack: UserServiceStack, alice: Actor
) -> None:
    first = await refresh(stack, alice.tokens.refresh_token)
    stack.clock.advance(10)

    again = await refresh(stack, alice.tokens.refresh_token)

    assert again == first
    assert stack.events(events_pb.SessionRevoked) == []


async def test_a_token_used_twice_ends_its_session(stack: UserServiceStack, alice: Actor) -> None:
    second = await refresh(stack, alice.tokens.refresh_token)
    stack.clock.advance(11)

    with raises_reason(Unauthenticated, "REFRESH_TOKEN_REUSED"):
        await refresh(stack, alice.tokens.refresh_token)

    (ended,) = stack.events(events_pb.SessionRevoked)
    assert (ended.user_id, ended.session_id) == (alice.id, alice.session_id)
    with raises_reason(Unauthenticated, "SESSION_REVOKED"):
        await refresh(stack, second.tokens.refresh_token)
    with raises_reason(Unauthenticated, "SESSION_REVOKED"):
        await refresh(stack, alice.tokens.refresh_token)


async def test_a_token_from_before_the_last_one_ends_the_session_even_at_once(
    stack: UserServiceStack, alice: Actor
) -> None:
    second = await refresh(stack, alice.tokens.refresh_token)
    await refresh(stack, second.tokens.refresh_token)

    with raises_reason(Unauthenticated, "REFRESH_TOKEN_REUSED"):
        await refresh(stack, alice.tokens.refresh_token)


async def test_many_refreshes_of_one_token_at_once_give_one_lineage(
    stack: UserServiceStack, alice: Actor
) -> None:
    answers = await asyncio.gather(*(refresh(stack, alice.tokens.refresh_token) for _ in range(50)))

    assert len({each.tokens.refresh_token for each in answers}) == 1
    assert await refresh(stack, answers[0].tokens.refresh_token)


async def test_a_session_is_refreshed_so_many_times_a_minute(
    stack: UserServiceStack, alice: Actor
) -> None:
    token = alice.tokens.refresh_token
    for _ in range(REFRESHES_A_MINUTE):
        token = (await refresh(stack, token)).tokens.refresh_token

    with raises_reason(TooMany, "RATE_LIMITED") as refused:
        await refresh(stack, token)
    other = await stack.auth().Authenticate(
        AuthenticateRequest(handle="alice", password=PASSWORD, device_name="tablet")
    )
    elsewhere = await refresh(stack, other.tokens.refresh_token)
    stack.clock.advance(60 / REFRESHES_A_MINUTE)
    later = await refresh(stack, token)

    assert refused.value.retry_after == pytest.approx(60 / REFRESHES_A_MINUTE)
    assert elsewhere.session.id == other.session.id
    assert later.session.id == alice.session_id
    assert stack.events(events_pb.SessionRevoked) == []


@pytest.mark.parametrize("token", ["x", "A" * 87, "A" * 256, "ü"])
async def test_what_is_no_refresh_token_is_refused(stack: UserServiceStack, token: str) -> None:
    with raises_reason(Unauthenticated, "REFRESH_TOKEN_INVALID"):
        await refresh(stack, token)


async def test_an_invented_token_of_a_session_neither_opens_nor_ends_it(
    stack: UserServiceStack, alice: Actor
) -> None:
    invented = RefreshTokens(master_key=b"x" * 32).make(alice.id, alice.session_id)

    with raises_reason(Unauthenticated, "REFRESH_TOKEN_INVALID"):
        await refresh(stack, invented)

    assert await refresh(stack, alice.tokens.refresh_token)


async def test_a_token_of_a_session_that_never_was_is_refused(stack: UserServiceStack) -> None:
    token = RefreshTokens(master_key=MASTER_KEY).make(5, 6)

    with raises_reason(Unauthenticated, "REFRESH_TOKEN_INVALID"):
        await refresh(stack, token)


async def test_a_session_that_is_not_used_for_sixty_days_ends(
    stack: UserServiceStack, alice: Actor
) -> None:
    stack.clock.advance(60 * 86400)

    with raises_reason(Unauthenticated, "REFRESH_TOKEN_INVALID"):
        await refresh(stack, alice.tokens.refresh_token)


async def test_a_used_session_goes_on_for_longer(stack: UserServiceStack, alice: Actor) -> None:
    token = alice.tokens.refresh_token

    for _ in range(4):
        stack.clock.advance(30 * 86400)
        response = await refresh(stack, token)
        token = response.tokens.refresh_token

        assert response.session.id == alice.session_id
        assert response.session.last_used_time.seconds == int(stack.clock.now().timestamp())


async def test_only_hashes_of_refresh_tokens_are_kept(
    stack: UserServiceStack, alice: Actor
) -> None:
    second = await refresh(stack, alice.tokens.refresh_token)

    kept = repr(stack.store.database.tables)

    assert alice.tokens.refresh_token not in kept
    assert second.tokens.refresh_token not in kept
    assert second.tokens.access_token not in kept


async def test_sessions_are_listed_newest_first_with_the_current_one_marked(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    laptop = await stack.auth().Authenticate(
        AuthenticateRequest(handle="alice", password=PASSWORD, device_name="laptop")
    )

    first = await alice.auth.ListSessions(ListSessionsRequest(page_size=1))
    rest = await alice.auth.ListSessions(
        ListSessionsRequest(page_size=1, page_token=first.next_page_token)
    )

    assert [(each.id, each.current) for each in first.sessions] == [(laptop.session.id, False)]
    assert [(each.id, each.current) for each in rest.sessions] == [(alice.session_id, True)]
    assert not rest.next_page_token


async def test_a_page_token_of_another_list_is_refused(alice: Actor) -> None:
    with raises_reason(Invalid, "PAGE_TOKEN_INVALID"):
        await alice.auth.ListSessions(ListSessionsRequest(page_token="abc"))


async def test_a_revoked_session_is_over(stack: UserServiceStack, alice: Actor) -> None:
    request = RevokeSessionRequest(session_id=alice.session_id)

    await alice.auth.RevokeSession(request)
    await alice.auth.RevokeSession(request)

    assert len(stack.events(events_pb.SessionRevoked)) == 1
    assert not (await alice.auth.ListSessions(ListSessionsRequest())).sessions
    with raises_reason(Unauthenticated, "SESSION_REVOKED"):
        await refresh(stack, alice.tokens.refresh_token)


async def test_nobody_revokes_the_session_of_another_user(alice: Actor, bob: Actor) -> None:
    with raises_reason(NotFound, "SESSION_NOT_FOUND"):
        await bob.auth.RevokeSession(RevokeSessionRequest(session_id=alice.session_id))


async def redeem(stack: UserServiceStack, ticket: str) -> Any:
    gateway = stack.auth(ServiceCaller("gateway"))
    return await gateway.RedeemStreamTicket(RedeemStreamTicketRequest(ticket=ticket))


async def test_a_ticket_opens_one_connection(stack: UserServiceStack, alice: Actor) -> None:
    issued = await alice.auth.IssueStreamTicket(IssueStreamTicketRequest())

    redeemed = await redeem(stack, issued.ticket)

    assert (redeemed.user_id, redeemed.session_id) == (alice.id, alice.session_id)
    assert issued.expires_in == 30
    with raises_reason(Unauthenticated, "STREAM_TICKET_INVALID"):
        await redeem(stack, issued.ticket)


async def test_a_connection_reads_with_the_rights_of_its_session_for_as_long_as_it_lives(
    stack: UserServiceStack, alice: Actor
) -> None:
    issued = await alice.auth.IssueStreamTicket(IssueStreamTicketRequest())
    request = ExtendStreamRequest(user_id=alice.id, session_id=alice.session_id)
    gateway = stack.auth(ServiceCaller("gateway"))

    redeemed = await redeem(stack, issued.ticket)
    extended = await gateway.ExtendStream(request)

    for each in (redeemed, extended):
        claims = jwt.decode(each.access_token, options={"verify_signature": False})
        assert (claims["sub"], claims["sid"]) == (str(alice.id), str(alice.session_id))
        assert each.expires_in == 900
    await alice.auth.RevokeSession(RevokeSessionRequest(session_id=alice.session_id))
    with raises_reason(Unauthenticated, "SESSION_REVOKED"):
        await gateway.ExtendStream(request)


async def test_a_ticket_ends_after_thirty_seconds(stack: UserServiceStack, alice: Actor) -> None:
    issued = await alice.auth.IssueStreamTicket(IssueStreamTicketRequest())
    stack.clock.advance(30)

    with raises_reason(Unauthenticated, "STREAM_TICKET_INVALID"):
        await redeem(stack, issued.ticket)


async def test_a_ticket_of_an_ended_session_opens_nothing(
    stack: UserServiceStack, alice: Actor
) -> None:
    issued = await alice.auth.IssueStreamTicket(IssueStreamTicketRequest())
    await alice.auth.RevokeSession(RevokeSessionRequest(session_id=alice.session_id))

    with raises_reason(Unauthenticated, "STREAM_TICKET_INVALID"):
        await redeem(stack, issued.ticket)
    with raises_reason(Unauthenticated, "SESSION_REVOKED"):
        await alice.auth.IssueStreamTicket(IssueStreamTicketRequest())


async def test_an_unknown_ticket_opens_nothing(stack: UserServiceStack) -> None:
    with raises_reason(Unauthenticated, "STREAM_TICKET_INVALID"):
        await redeem(stack, "unknown")


async def test_tickets_are_kept_as_hashes(stack: UserServiceStack, alice: Actor) -> None:
    issued = await alice.auth.IssueStreamTicket(IssueStreamTicketRequest())

    assert issued.ticket not in repr(stack.store.database.tables)


async def revoked(stack: UserServiceStack, since: Any = None) -> Any:
    return await stack.auth().ListRevokedSessions(ListRevokedSessionsRequest(since_time=since))


async def test_an_ended_session_is_listed_for_verifiers_of_tokens(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    before = await revoked(stack)
    stack.clock.advance(60)

    await alice.auth.RevokeSession(RevokeSessionRequest(session_id=alice.session_id))

    assert list(before.session_ids) == []
    after = await revoked(stack, before.as_of_time)
    assert list(after.session_ids) == [alice.session_id]
    assert list((await revoked(stack, after.as_of_time)).session_ids) == [alice.session_id]
    stack.clock.advance(31)
    assert list((await revoked(stack)).session_ids) == [alice.session_id]
    later = await revoked(stack)
    stack.clock.advance(31)
    assert list((await revoked(stack, later.as_of_time)).session_ids) == []


async def test_an_ended_session_is_listed_until_its_tokens_have_expired(
    stack: UserServiceStack, alice: Actor
) -> None:
    start = await revoked(stack)
    await alice.auth.RevokeSession(RevokeSessionRequest(session_id=alice.session_id))

    stack.clock.advance(15 * 60 + 60)

    assert list((await revoked(stack)).session_ids) == []
    assert list((await revoked(stack, start.as_of_time)).session_ids) == []


async def test_a_session_that_is_used_ends_a_year_after_it_began(
    stack: UserServiceStack, alice: Actor
) -> None:
    began, tokens = stack.clock.now(), alice.tokens
    while stack.clock.now() + timedelta(days=50) < began + timedelta(days=365):
        stack.clock.advance(timedelta(days=50))
        tokens = (await refresh(stack, tokens.refresh_token)).tokens

    assert tokens.refresh_expire_time.ToDatetime(UTC) == began + timedelta(days=365)
    stack.clock.advance(timedelta(days=15))
    with raises_reason(Unauthenticated, "REFRESH_TOKEN_INVALID"):
        await refresh(stack, tokens.refresh_token)


async def test_a_session_from_before_the_limit_ends_at_its_next_refresh(
    stack: UserServiceStack, alice: Actor
) -> None:
    sessions = stack.store.database.tables.sessions
    session = sessions[alice.id, alice.session_id]
    old = replace(session, create_time=session.create_time - timedelta(days=365))
    sessions[alice.id, alice.session_id] = old

    with raises_reason(Unauthenticated, "REFRESH_TOKEN_INVALID"):
        await refresh(stack, alice.tokens.refresh_token)
