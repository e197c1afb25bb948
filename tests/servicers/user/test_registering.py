"""Registering and signing in by password."""

import asyncio
from datetime import timedelta

import pytest
from roost.user.v1 import user_events_pb2 as events_pb
from roost.user.v1.auth_service_pb2 import (
    AuthenticateRequest,
    ChangePasswordRequest,
    GetJwksRequest,
    RegisterRequest,
)
from roost.user.v1.user_service_pb2 import GetUserRequest

from services.chassis.caller import UserCaller
from services.chassis.clock import ManualClock
from services.chassis.errors import Invalid, RuleBroken, Taken, TooMany, Unauthenticated
from services.chassis.tokens import KeyRing, StaticJwks, Verifier
from services.user.passwords import Passwords
from tests.servicers.serving import AUDIENCE, ISSUER, raises_reason, serving
from tests.servicers.user.conftest import PASSWORD, House, Person


async def test_who_registers_has_a_profile_a_session_and_tokens(house: House) -> None:
    response = await house.auth().Register(
        RegisterRequest(
            handle="Alice", password=PASSWORD, display_name=" Alice A. ", device_name="telephone"
        )
    )

    user, session, tokens = response.user, response.session, response.tokens
    assert (user.handle, user.display_name) == ("Alice", "Alice A.")
    assert user.create_time.ToDatetime() == house.clock.now().replace(tzinfo=None)
    assert user.etag
    assert (session.device_name, session.current) == ("telephone", True)
    assert tokens.access_expire_time.seconds == int(
        (house.clock.now() + timedelta(minutes=15)).timestamp()
    )
    assert tokens.refresh_expire_time == session.expire_time
    (told,) = house.events(events_pb.UserRegistered)
    assert told.user == user


async def test_the_handle_is_the_name_where_none_is_given(house: House) -> None:
    response = await house.auth().Register(RegisterRequest(handle="robin_7", password=PASSWORD))

    assert response.user.display_name == "robin_7"


async def test_access_tokens_verify_with_the_published_keys(house: House, alice: Person) -> None:
    published = await house.auth().GetJwks(GetJwksRequest())
    keys = [
        {name: getattr(key, name) for name in ("kid", "kty", "crv", "alg", "use", "x", "y")}
        for key in published.keys
    ]
    verifier = Verifier(
        issuer=ISSUER,
        audience=AUDIENCE,
        services_here=["post"],
        users=KeyRing(StaticJwks(keys), clock=house.clock),  # type: ignore[arg-type]
        services=KeyRing(StaticJwks([]), clock=house.clock),
        clock=house.clock,
    )

    caller = await verifier.verify(alice.tokens.access_token)

    assert caller == UserCaller(alice.id, alice.session_id)


async def test_a_handle_is_taken_without_regard_to_case(house: House, alice: Person) -> None:
    with raises_reason(Taken, "HANDLE_TAKEN"):
        await house.register("aLICE")


async def test_of_many_who_want_one_handle_at_once_one_gets_it(house: House) -> None:
    outcomes = await asyncio.gather(
        *(house.register("wanted") for _ in range(8)), return_exceptions=True
    )

    assert len([each for each in outcomes if isinstance(each, Person)]) == 1
    assert all(each.reason == "HANDLE_TAKEN" for each in outcomes if isinstance(each, Taken))


@pytest.mark.parametrize("handle", ["admin", "Roost", "_root_", "api", "adm1n", "roost_team"])
async def test_reserved_handles_are_refused(house: House, handle: str) -> None:
    with raises_reason(RuleBroken, "HANDLE_RESERVED"):
        await house.register(handle)


@pytest.mark.parametrize("handle", ["", "al-ice", "a" * 16, "ålice"])
async def test_malformed_handles_are_refused(house: House, handle: str) -> None:
    with raises_reason(RuleBroken, "HANDLE_INVALID"):
        await house.register(handle)


async def test_weak_passwords_are_refused(house: House) -> None:
    with raises_reason(RuleBroken, "PASSWORD_TOO_WEAK"):
        await house.auth().Register(RegisterRequest(handle="robin", password="password1"))


async def test_a_display_name_with_control_characters_is_refused_by_field(house: House) -> None:
    with raises_reason(Invalid, "VALIDATION_FAILED") as caught:
        await house.register("robin", display_name="a\u0007b")

    assert caught.value.violations[0].field == "display_name"


async def test_names_are_counted_in_characters_and_kept_in_one_form(house: House) -> None:
    families = "👩‍👩‍👧‍👦" * 12
    response = await house.auth().Register(
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
    house: House, alice: Person, name: str, rule: str
) -> None:
    with raises_reason(Invalid, "VALIDATION_FAILED") as registering:
        await house.register("robin", device_name=name)
    with raises_reason(Invalid, "VALIDATION_FAILED") as signing_in:
        await house.auth().Authenticate(
            AuthenticateRequest(handle="alice", password=PASSWORD, device_name=name)
        )

    for caught in (registering, signing_in):
        violations = caught.value.violations
        assert [(each.field, each.rule) for each in violations] == [("device_name", rule)]
    # The handle is still free.
    await house.register("robin")


async def test_a_repeated_registration_gives_the_same_response(house: House) -> None:
    request = RegisterRequest(handle="robin", password=PASSWORD, request_id="r-1")

    first = await house.auth().Register(request)
    again = await house.auth().Register(request)

    assert again == first
    assert len(house.events(events_pb.UserRegistered)) == 1


async def test_the_record_of_a_registration_holds_no_secret(house: House) -> None:
    request = RegisterRequest(handle="robin", password=PASSWORD, request_id="r-1")

    response = await house.auth().Register(request)

    ((fingerprint, stored),) = house.store.database.tables.requests.values()
    assert PASSWORD.encode() not in fingerprint + stored
    assert response.tokens.refresh_token.encode() not in stored


async def test_a_request_id_does_not_serve_another_request(house: House) -> None:
    request = RegisterRequest(handle="robin", password=PASSWORD, request_id="r-1")
    await house.auth().Register(request)

    request.password = PASSWORD + "!"
    with raises_reason(RuleBroken, "IDEMPOTENCY_KEY_REUSED"):
        await house.auth().Register(request)


async def test_handle_and_password_sign_in_without_regard_to_case(
    house: House, alice: Person
) -> None:
    response = await house.auth().Authenticate(
        AuthenticateRequest(handle="aLiCe", password=PASSWORD, device_name="laptop")
    )

    assert response.user.id == alice.id
    assert response.session.id != alice.session_id
    assert response.session.device_name == "laptop"


@pytest.mark.parametrize(
    ("handle", "password"), [("alice", "zebra lamp 8"), ("nobody", PASSWORD), ("not-one", "x")]
)
async def test_wrong_credentials_are_refused_alike(
    house: House, alice: Person, handle: str, password: str
) -> None:
    with raises_reason(Unauthenticated, "CREDENTIALS_WRONG") as caught:
        await house.auth().Authenticate(AuthenticateRequest(handle=handle, password=password))

    assert caught.value.message == "Handle or password is wrong."


async def test_a_repeated_sign_in_opens_one_session(house: House, alice: Person) -> None:
    request = AuthenticateRequest(handle="alice", password=PASSWORD, request_id="s-1")

    first = await house.auth().Authenticate(request)
    again = await house.auth().Authenticate(request)

    assert again == first


async def test_a_hash_of_old_parameters_is_replaced_at_the_next_login(
    house: House, alice: Person
) -> None:
    passwords = Passwords(memory_mib=2, workers=1)
    old = await passwords.hash(PASSWORD)
    passwords.close()
    house.store.database.tables.passwords[alice.id] = old

    await house.auth().Authenticate(AuthenticateRequest(handle="alice", password=PASSWORD))

    assert house.store.database.tables.passwords[alice.id] != old


async def test_past_the_bound_of_the_pool_callers_hear_that_it_is_busy(house: House) -> None:
    passwords = Passwords(memory_mib=64, workers=1, waiting=0)
    busy = House(passwords=passwords, clock=ManualClock())
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


async def test_a_changed_password_ends_every_other_session(house: House, alice: Person) -> None:
    other = await house.auth().Authenticate(AuthenticateRequest(handle="alice", password=PASSWORD))

    await alice.auth.ChangePassword(
        ChangePasswordRequest(old_password=PASSWORD, new_password="another lamp 4")
    )

    (ended,) = house.events(events_pb.SessionRevoked)
    assert (ended.user_id, ended.session_id) == (alice.id, other.session.id)
    assert ended.access_expire_time == other.tokens.access_expire_time
    with raises_reason(Unauthenticated, "CREDENTIALS_WRONG"):
        await house.auth().Authenticate(AuthenticateRequest(handle="alice", password=PASSWORD))
    await house.auth().Authenticate(AuthenticateRequest(handle="alice", password="another lamp 4"))


async def test_a_repeated_change_of_password_succeeds_again(house: House, alice: Person) -> None:
    request = ChangePasswordRequest(
        old_password=PASSWORD, new_password="another lamp 4", request_id="c-1"
    )

    await alice.auth.ChangePassword(request)
    await alice.auth.ChangePassword(request)

    authenticate = AuthenticateRequest(handle="alice", password="another lamp 4")
    answer = await house.auth().Authenticate(authenticate)
    assert answer.user.id == alice.id


async def test_a_password_is_changed_only_by_who_knows_the_old_one(alice: Person) -> None:
    with raises_reason(Unauthenticated, "CREDENTIALS_WRONG"):
        await alice.auth.ChangePassword(
            ChangePasswordRequest(old_password="zebra lamp 8", new_password="another lamp 4")
        )


async def test_a_new_password_has_to_be_strong(alice: Person) -> None:
    with raises_reason(RuleBroken, "PASSWORD_TOO_WEAK"):
        await alice.auth.ChangePassword(
            ChangePasswordRequest(old_password=PASSWORD, new_password="alice-1234")
        )


async def test_a_new_person_is_found_at_once(house: House, alice: Person) -> None:
    found = await house.users().GetUser(GetUserRequest(user_id=alice.id))

    assert found.user.handle == "Alice"


async def test_the_display_name_is_no_password(house: House) -> None:
    with raises_reason(RuleBroken, "PASSWORD_TOO_WEAK"):
        await house.auth().Register(
            RegisterRequest(
                handle="robin", password="vasquez1987", display_name="Guinevere Vasquez"
            )
        )


async def test_the_mail_address_is_no_new_password(house: House, alice: Person) -> None:
    request = ChangePasswordRequest(old_password=PASSWORD, new_password="gvk.ozymandis1")
    house.addresses.address = "gvk.ozymandis@example.com"
    with raises_reason(RuleBroken, "PASSWORD_TOO_WEAK"):
        await alice.auth.ChangePassword(request)

    house.addresses.address = ""
    await alice.auth.ChangePassword(request)
