"""Registering and signing in by password."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from roost.user.v1 import user_events_pb2 as events_pb
from roost.user.v1.auth_service_pb2 import (
    AuthenticateRequest,
    ChangePasswordRequest,
    GetJwksRequest,
    RegisterRequest,
)
from roost.user.v1.auth_service_pb2_grpc import AuthServiceStub
from roost.user.v1.user_service_pb2 import GetUserRequest

from services.chassis.auth.caller import UserCaller
from services.chassis.auth.tokens import KeyRing, StaticJwks, Verifier
from services.chassis.rpc.pipeline import MAX_SECONDS
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import (
    Invalid,
    RuleBroken,
    Taken,
    TooMany,
    Unauthenticated,
)
from services.user.domain.hash_queue import MARGIN
from services.user.domain.passwords import Passwords
from tests.servicers.grpc_server import AUDIENCE, ISSUER, raises_reason, serving
from tests.servicers.user.conftest import PASSWORD, Actor, UserServiceStack
from tests.waiting import LIMIT, eventually, let_pass


async def test_who_registers_has_a_profile_a_session_and_tokens(stack: UserServiceStack) -> None:
    response = await stack.auth().Register(
        RegisterRequest(
            handle="Alice", password=PASSWORD, display_name=" Alice A. ", device_name="telephone"
        )
    )

    user, session, tokens = response.user, response.session, response.tokens
    assert (user.handle, user.display_name) == ("Alice", "Alice A.")
    assert user.create_time.ToDatetime() == stack.clock.now().replace(tzinfo=None)
    assert user.etag
    assert (session.device_name, session.current) == ("telephone", True)
    assert tokens.access_expire_time.seconds == int(
        (stack.clock.now() + timedelta(minutes=15)).timestamp()
    )
    assert tokens.refresh_expire_time == session.expire_time
    (event,) = stack.events(events_pb.UserRegistered)
    assert event.user == user


async def test_the_handle_is_the_name_where_none_is_given(stack: UserServiceStack) -> None:
    response = await stack.auth().Register(RegisterRequest(handle="robin_7", password=PASSWORD))

    assert response.user.display_name == "robin_7"


async def test_access_tokens_verify_with_the_published_keys(
    stack: UserServiceStack, alice: Actor
) -> None:
    published = await stack.auth().GetJwks(GetJwksRequest())
    keys = [
        {name: getattr(key, name) for name in ("kid", "kty", "crv", "alg", "use", "x", "y")}
        for key in published.keys
    ]
    verifier = Verifier(
        issuer=ISSUER,
        audience=AUDIENCE,
        services_here=["post"],
        users=KeyRing(StaticJwks(keys), clock=stack.clock),  # type: ignore[arg-type]
        services=KeyRing(StaticJwks([]), clock=stack.clock),
        clock=stack.clock,
    )

    caller = await verifier.verify(alice.tokens.access_token)

    assert caller == UserCaller(alice.id, alice.session_id)


async def test_a_handle_is_taken_without_regard_to_case(
    stack: UserServiceStack, alice: Actor
) -> None:
    with raises_reason(Taken, "HANDLE_TAKEN"):
        await stack.register("aLICE")


async def test_of_many_who_want_one_handle_at_once_one_gets_it(stack: UserServiceStack) -> None:
    outcomes = await asyncio.gather(
        *(stack.register("wanted") for _ in range(8)), return_exceptions=True
    )

    assert len([each for each in outcomes if isinstance(each, Actor)]) == 1
    assert all(each.reason == "HANDLE_TAKEN" for each in outcomes if isinstance(each, Taken))


@pytest.mark.parametrize("handle", ["admin", "Roost", "_root_", "api", "adm1n", "roost_team"])
async def test_reserved_handles_are_refused(stack: UserServiceStack, handle: str) -> None:
    with raises_reason(RuleBroken, "HANDLE_RESERVED"):
        await stack.register(handle)


@pytest.mark.parametrize("handle", ["", "al-ice", "a" * 16, "ålice"])
async def test_malformed_handles_are_refused(stack: UserServiceStack, handle: str) -> None:
    with raises_reason(RuleBroken, "HANDLE_INVALID"):
        await stack.register(handle)


async def test_weak_passwords_are_refused(stack: UserServiceStack) -> None:
    with raises_reason(RuleBroken, "PASSWORD_TOO_WEAK"):
        await stack.auth().Register(RegisterRequest(handle="robin", password="password1"))


async def test_a_display_name_with_control_characters_is_refused_by_field(
    stack: UserServiceStack,
) -> None:
    with raises_reason(Invalid, "VALIDATION_FAILED") as caught:
        await stack.register("robin", display_name="a\u0007b")

    assert caught.value.violations[0].field == "display_name"


async def test_names_are_counted_in_characters_and_kept_in_one_form(
    stack: UserServiceStack,
) -> None:
    families = "👩‍👩‍👧‍👦" * 12
    response = await stack.auth().Register(
        RegisterRequest(
            handle="robin",
            password=PASSWORD,
            display_name=families,
            device_name=f" {families} Ame\u0301lie ",
        )
    )

    assert response.user.display_name == families
    assert response.session.device_name == f"{families} Am\u00e9lie"


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("\u202eenohp", "string.no_direction"),
        ("\u3164", "string.visible"),
        ("x" * 101, "string.max_len"),
        ("x" + "\u0301" * 31, "string.max_marks"),
        ("x" * 4001, "string.max_bytes"),
    ],
)
async def test_a_device_name_that_breaks_a_rule_is_refused_by_field(
    stack: UserServiceStack, alice: Actor, name: str, rule: str
) -> None:
    with raises_reason(Invalid, "VALIDATION_FAILED") as registering:
        await stack.register("robin", device_name=name)
    with raises_reason(Invalid, "VALIDATION_FAILED") as signing_in:
        await stack.auth().Authenticate(
            AuthenticateRequest(handle="alice", password=PASSWORD, device_name=name)
        )

    for caught in (registering, signing_in):
        violations = caught.value.violations
        assert [(each.field, each.rule) for each in violations] == [("device_name", rule)]
    # The handle is still free.
    await stack.register("robin")


async def test_a_repeated_registration_gives_the_same_response(stack: UserServiceStack) -> None:
    request = RegisterRequest(handle="robin", password=PASSWORD, request_id="r-1")

    first = await stack.auth().Register(request)
    again = await stack.auth().Register(request)

    assert again == first
    assert len(stack.events(events_pb.UserRegistered)) == 1


async def test_the_record_of_a_registration_holds_no_secret(stack: UserServiceStack) -> None:
    request = RegisterRequest(handle="robin", password=PASSWORD, request_id="r-1")

    response = await stack.auth().Register(request)

    ((fingerprint, stored),) = stack.store.database.tables.requests.values()
    assert PASSWORD.encode() not in fingerprint + stored
    assert response.tokens.refresh_token.encode() not in stored


async def test_a_request_id_does_not_serve_another_request(stack: UserServiceStack) -> None:
    request = RegisterRequest(handle="robin", password=PASSWORD, request_id="r-1")
    await stack.auth().Register(request)

    request.password = PASSWORD + "!"
    with raises_reason(RuleBroken, "IDEMPOTENCY_KEY_REUSED"):
        await stack.auth().Register(request)


async def test_handle_and_password_sign_in_without_regard_to_case(
    stack: UserServiceStack, alice: Actor
) -> None:
    response = await stack.auth().Authenticate(
        AuthenticateRequest(handle="aLiCe", password=PASSWORD, device_name="laptop")
    )

    assert response.user.id == alice.id
    assert response.session.id != alice.session_id
    assert response.session.device_name == "laptop"


@pytest.mark.parametrize(
    ("handle", "password"), [("alice", "zebra lamp 8"), ("nobody", PASSWORD), ("not-one", "x")]
)
async def test_wrong_credentials_are_refused_alike(
    stack: UserServiceStack, alice: Actor, handle: str, password: str
) -> None:
    with raises_reason(Unauthenticated, "CREDENTIALS_WRONG") as caught:
        await stack.auth().Authenticate(AuthenticateRequest(handle=handle, password=password))

    assert caught.value.message == "Handle or password is wrong."


async def test_a_repeated_sign_in_opens_one_session(stack: UserServiceStack, alice: Actor) -> None:
    request = AuthenticateRequest(handle="alice", password=PASSWORD, request_id="s-1")

    first = await stack.auth().Authenticate(request)
    again = await stack.auth().Authenticate(request)

    assert again == first


async def test_a_hash_of_old_parameters_is_replaced_at_the_next_login(
    stack: UserServiceStack, alice: Actor
) -> None:
    passwords = Passwords(memory_mib=2, workers=1)
    old = await passwords.hash(PASSWORD)
    passwords.close()
    stack.store.database.tables.passwords[alice.id] = old

    await stack.auth().Authenticate(AuthenticateRequest(handle="alice", password=PASSWORD))

    assert stack.store.database.tables.passwords[alice.id] != old


async def test_past_the_bound_of_the_pool_callers_get_that_it_is_busy(
    stack: UserServiceStack,
) -> None:
    passwords = Passwords(memory_mib=64, workers=1, waiting=0)
    busy = UserServiceStack(
        passwords=passwords, clock=ManualClock(), media_claims=stack.media_claims
    )
    await busy.signer.load()
    async with serving(*busy.mounts, clock=busy.clock) as busy.served:
        outcomes = await asyncio.gather(
            *(busy.register(f"robin{n}") for n in range(4)), return_exceptions=True
        )
    passwords.close()

    refused = [each for each in outcomes if isinstance(each, TooMany)]
    assert {each.reason for each in refused} == {"PASSWORD_POOL_BUSY"}
    assert 1 <= len(refused) <= 3
    assert all(each.retry_after for each in refused)


class SlowPasswords(Passwords):
    """Passwords whose hashes end when the test says so."""

    def __init__(self) -> None:
        super().__init__(memory_mib=1, workers=1)
        self.begun = 0
        self.gate = threading.Event()

    def _hash(self, password: str) -> str:
        self.begun += 1
        self.gate.wait(LIMIT)
        return super()._hash(password)


@pytest.fixture
async def slow(stack: UserServiceStack) -> AsyncIterator[tuple[UserServiceStack, SlowPasswords]]:
    """A service whose hashes end when the test says so."""
    passwords = SlowPasswords()
    slow_stack = UserServiceStack(
        passwords=passwords, clock=ManualClock(), media_claims=stack.media_claims
    )
    await slow_stack.signer.load()
    async with serving(*slow_stack.mounts, clock=slow_stack.clock) as slow_stack.served:
        yield slow_stack, passwords
        passwords.gate.set()
    passwords.close()


async def test_no_password_is_hashed_for_callers_who_have_left(
    slow: tuple[UserServiceStack, SlowPasswords],
) -> None:
    stack, passwords = slow
    staying = asyncio.create_task(stack.register("robin"))
    await eventually(lambda: passwords.begun == 1)
    leaving = [asyncio.create_task(stack.register(f"robin{n}")) for n in range(3)]
    await eventually(lambda: passwords.jobs == 4)

    for each in leaving:
        each.cancel()

    await eventually(lambda: passwords.jobs == 1)
    passwords.gate.set()
    await staying
    assert passwords.begun == 1


async def test_callers_whose_time_is_over_get_that_the_pool_is_busy(
    slow: tuple[UserServiceStack, SlowPasswords],
) -> None:
    stack, passwords = slow
    auth = stack.served.stub(AuthServiceStub, timeout=60.0)
    calls = [
        asyncio.ensure_future(auth.Register(RegisterRequest(handle=f"robin{n}", password=PASSWORD)))
        for n in range(2)
    ]
    await eventually(lambda: passwords.begun == 1 and passwords.jobs == 2)

    # More than the service takes for any call.
    let_pass(MAX_SECONDS - MARGIN)

    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(each, TooMany) and each.retry_after for each in outcomes)
    assert passwords.begun == 1
    assert stack.events() == []
    passwords.gate.set()
    await eventually(lambda: passwords.jobs == 0)
    await stack.register("robin")


async def test_a_changed_password_ends_every_other_session(
    stack: UserServiceStack, alice: Actor
) -> None:
    other = await stack.auth().Authenticate(AuthenticateRequest(handle="alice", password=PASSWORD))

    await alice.auth.ChangePassword(
        ChangePasswordRequest(old_password=PASSWORD, new_password="another lamp 4")
    )

    (ended,) = stack.events(events_pb.SessionRevoked)
    assert (ended.user_id, ended.session_id) == (alice.id, other.session.id)
    assert ended.access_expire_time == other.tokens.access_expire_time
    with raises_reason(Unauthenticated, "CREDENTIALS_WRONG"):
        await stack.auth().Authenticate(AuthenticateRequest(handle="alice", password=PASSWORD))
    await stack.auth().Authenticate(AuthenticateRequest(handle="alice", password="another lamp 4"))


async def test_a_repeated_change_of_password_succeeds_again(
    stack: UserServiceStack, alice: Actor
) -> None:
    request = ChangePasswordRequest(
        old_password=PASSWORD, new_password="another lamp 4", request_id="c-1"
    )

    await alice.auth.ChangePassword(request)
    await alice.auth.ChangePassword(request)

    authenticate = AuthenticateRequest(handle="alice", password="another lamp 4")
    answer = await stack.auth().Authenticate(authenticate)
    assert answer.user.id == alice.id


async def test_a_password_is_changed_only_by_who_knows_the_old_one(alice: Actor) -> None:
    with raises_reason(Unauthenticated, "CREDENTIALS_WRONG"):
        await alice.auth.ChangePassword(
            ChangePasswordRequest(old_password="zebra lamp 8", new_password="another lamp 4")
        )


async def test_a_new_password_has_to_be_strong(alice: Actor) -> None:
    with raises_reason(RuleBroken, "PASSWORD_TOO_WEAK"):
        await alice.auth.ChangePassword(
            ChangePasswordRequest(old_password=PASSWORD, new_password="alice-1234")
        )


async def test_a_new_user_is_found_at_once(stack: UserServiceStack, alice: Actor) -> None:
    found = await stack.users().GetUser(GetUserRequest(user_id=alice.id))

    assert found.user.handle == "Alice"


async def test_the_display_name_is_no_password(stack: UserServiceStack) -> None:
    with raises_reason(RuleBroken, "PASSWORD_TOO_WEAK"):
        await stack.auth().Register(
            RegisterRequest(
                handle="robin", password="vasquez1987", display_name="Guinevere Vasquez"
            )
        )


async def test_the_mail_address_is_no_new_password(stack: UserServiceStack, alice: Actor) -> None:
    request = ChangePasswordRequest(old_password=PASSWORD, new_password="gvk.ozymandis1")
    stack.email_addresses.address = "gvk.ozymandis@example.com"
    with raises_reason(RuleBroken, "PASSWORD_TOO_WEAK"):
        await alice.auth.ChangePassword(request)

    stack.email_addresses.address = ""
    await alice.auth.ChangePassword(request)
