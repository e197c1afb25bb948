"""A corpus of forged and foreign tokens, made by other libraries: none gets in.

PyJWT and joserfc make the tokens, and agree with the verifier about those that are right.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import joserfc.jwk
import joserfc.jwt
import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwe

from services.chassis.caller import ServiceCaller, UserCaller
from services.chassis.clock import ManualClock
from services.chassis.errors import Unauthenticated
from services.chassis.tokens import (
    AccessTokens,
    KeyRing,
    ServiceIdentity,
    SigningKey,
    StaticJwks,
    Verifier,
)

ISSUER, AUDIENCE = "https://roost.test", "roost"
NOW = int(datetime(2025, 6, 1, 12, 0, tzinfo=UTC).timestamp())
KEY = SigningKey.generate("key-1")
OTHER_KEY = SigningKey.generate("key-2")
POST_KEY = SigningKey.generate("post")
FOREIGN = ec.generate_private_key(ec.SECP256R1())
FOREIGN_PEM = FOREIGN.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)
FOREIGN_JWK = SigningKey("key-1", FOREIGN).public_jwk()
PUBLIC = serialization.load_pem_private_key(KEY.pem(), None).public_key()
PUBLIC_PEM = PUBLIC.public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
PUBLIC_DER = PUBLIC.public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
)

HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "key-1"}
CLAIMS = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "42",
    "sid": "7",
    "iat": NOW,
    "exp": NOW + 900,
}


@pytest.fixture
def verifier() -> Verifier:
    clock = ManualClock(datetime.fromtimestamp(NOW, UTC))
    return Verifier(
        issuer=ISSUER,
        audience=AUDIENCE,
        users=KeyRing(StaticJwks([KEY.public_jwk(), OTHER_KEY.public_jwk()]), clock=clock),
        services=KeyRing(StaticJwks([POST_KEY.public_jwk()]), clock=clock),
        clock=clock,
    )


def b64(data: bytes | dict[str, Any]) -> str:
    raw = json.dumps(data).encode() if isinstance(data, dict) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(
    claims: dict[str, Any] | None = None,
    header: dict[str, Any] | None = None,
    *,
    pem: bytes = KEY.pem(),
) -> str:
    """By PyJWT: a token that is right, but for what is passed."""
    claims = CLAIMS if claims is None else claims
    header = HEADER if header is None else header
    return jwt.encode(claims, pem.decode(), algorithm="ES256", headers=header)


def signed_raw(header: str, payload: str) -> str:
    """Any two segments, with a signature of the right key over them."""
    inner = f"{header}.{payload}"
    return f"{inner}.{b64(KEY.key.sign(inner.encode()))}"


def claiming(**claims: Any) -> str:
    return signed({**CLAIMS, **claims})


def without(*names: str) -> str:
    return signed({name: value for name, value in CLAIMS.items() if name not in names})


def headed(**header: Any) -> str:
    return signed_raw(b64({**HEADER, **header}), b64(CLAIMS))


def hmac_token(secret: bytes, **header: Any) -> str:
    inner = f"{b64({**HEADER, 'alg': 'HS256', **header})}.{b64(CLAIMS)}"
    return f"{inner}.{b64(hmac.new(secret, inner.encode(), hashlib.sha256).digest())}"


def altered_signature() -> str:
    inner, _, signature = signed().rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[10] ^= 1
    return f"{inner}.{b64(bytes(raw))}"


def altered_payload() -> str:
    header, _, signature = signed().split(".")
    return f"{header}.{b64({**CLAIMS, 'sub': '1'})}.{signature}"


def der_signature() -> str:
    inner = f"{b64(HEADER)}.{b64(CLAIMS)}"
    private = serialization.load_pem_private_key(KEY.pem(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return f"{inner}.{b64(private.sign(inner.encode(), ec.ECDSA(hashes.SHA256())))}"


def encrypted() -> str:
    key = joserfc.jwk.ECKey.import_key(KEY.pem())
    protected = {**HEADER, "alg": "ECDH-ES", "enc": "A256GCM"}
    return jwe.encrypt_compact(protected, json.dumps(CLAIMS), key)


def nested_deep() -> str:
    return signed_raw(b64(b'{"alg":' + b"[" * 500 + b"]" * 500 + b"}"), b64(CLAIMS))


def rs256() -> str:
    private = rsa.generate_private_key(65537, 2048)
    return jwt.encode(CLAIMS, private, algorithm="RS256", headers={**HEADER, "alg": "RS256"})


def p384() -> str:
    private = ec.generate_private_key(ec.SECP384R1())
    return jwt.encode(CLAIMS, private, algorithm="ES384", headers={**HEADER, "alg": "ES384"})


ATTACKS: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "one dot": lambda: ".",
    "two dots": lambda: "..",
    "words": lambda: "let me in",
    "four parts": lambda: signed() + ".x",
    "two parts": lambda: signed().rpartition(".")[0],
    "no signature": lambda: signed().rpartition(".")[0] + ".",
    "truncated": lambda: signed()[:-5],
    "trailing line end": lambda: signed() + "\n",
    "leading space": lambda: " " + signed(),
    "padded": lambda: signed() + "==",
    "standard alphabet": lambda: signed().replace("-", "+").replace("_", "/") + "+",
    "not ASCII": lambda: signed().replace("e", "\u0435", 1),
    "huge": lambda: claiming(note="x" * 5000),
    "huge header": lambda: headed(note="x" * 3000),
    "deep header": nested_deep,
    "header is a list": lambda: signed_raw(b64(b"[]"), b64(CLAIMS)),
    "header is not JSON": lambda: signed_raw(b64(b"{alg}"), b64(CLAIMS)),
    "header is not UTF-8": lambda: signed_raw(b64(b'{"alg":"\xff"}'), b64(CLAIMS)),
    "payload is a list": lambda: signed_raw(b64(HEADER), b64(b"[]")),
    "payload is not JSON": lambda: signed_raw(b64(HEADER), b64(b"hello")),
    "alg none": lambda: f"{b64({**HEADER, 'alg': 'none'})}.{b64(CLAIMS)}.",
    "alg none with signature": lambda: headed(alg="none"),
    "alg NonE": lambda: headed(alg="NonE"),
    "alg es256": lambda: headed(alg="es256"),
    "alg missing": lambda: signed_raw(b64({"typ": "at+jwt", "kid": "key-1"}), b64(CLAIMS)),
    "alg is null": lambda: headed(alg=None),
    "alg is a list": lambda: headed(alg=["ES256"]),
    "alg twice": lambda: signed_raw(
        b64(b'{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"key-1"}'), b64(CLAIMS)
    ),
    "HS256 with the public key as PEM": lambda: hmac_token(PUBLIC_PEM),
    "HS256 with the public key as DER": lambda: hmac_token(PUBLIC_DER),
    "HS256 with the public key as JWK": lambda: hmac_token(json.dumps(KEY.public_jwk()).encode()),
    "HS256 with no key": lambda: hmac_token(b""),
    "HS256 that says ES256": lambda: hmac_token(PUBLIC_PEM, alg="ES256"),
    "RS256": rs256,
    "ES384": p384,
    "foreign key": lambda: signed(pem=FOREIGN_PEM),
    "foreign key in jwk": lambda: signed(
        header={**HEADER, "jwk": {**FOREIGN_JWK}}, pem=FOREIGN_PEM
    ),
    "foreign key without kid in jwk": lambda: signed(
        header={"alg": "ES256", "typ": "at+jwt", "jwk": {**FOREIGN_JWK}}, pem=FOREIGN_PEM
    ),
    "own key in jwk": lambda: headed(jwk={**KEY.public_jwk()}),
    "jku": lambda: headed(jku="https://evil.test/jwks.json"),
    "x5u": lambda: headed(x5u="https://evil.test/cert.pem"),
    "x5c": lambda: headed(x5c=["MIIB"]),
    "unknown crit": lambda: headed(crit=["exp"], exp=1),
    "empty crit": lambda: headed(crit=[]),
    "b64 false": lambda: headed(b64=False, crit=["b64"]),
    "zip": lambda: headed(zip="DEF"),
    "cty": lambda: headed(cty="JWT"),
    "kid unknown": lambda: headed(kid="key-9"),
    "kid of another key": lambda: headed(kid="key-2"),
    "kid missing": lambda: signed_raw(b64({"alg": "ES256", "typ": "at+jwt"}), b64(CLAIMS)),
    "kid empty": lambda: headed(kid=""),
    "kid is a number": lambda: headed(kid=1),
    "kid is a path": lambda: headed(kid="../../../../dev/null"),
    "kid is SQL": lambda: headed(kid="x' UNION SELECT 'key"),
    "kid of a service": lambda: headed(kid="post"),
    "typ JWT": lambda: headed(typ="JWT"),
    "typ AT+JWT": lambda: headed(typ="AT+JWT"),
    "typ of a service": lambda: headed(typ="service+jwt"),
    "typ missing": lambda: signed_raw(b64({"alg": "ES256", "kid": "key-1"}), b64(CLAIMS)),
    "signature altered": altered_signature,
    "signature of zeros": lambda: f"{b64(HEADER)}.{b64(CLAIMS)}.{b64(bytes(64))}",
    "signature in DER": der_signature,
    "payload altered": altered_payload,
    "encrypted": encrypted,
    "wrong issuer": lambda: claiming(iss="https://evil.test"),
    "issuer is a list": lambda: headed_claims(iss=[ISSUER]),
    "wrong audience": lambda: claiming(aud="elsewhere"),
    "several audiences": lambda: claiming(aud=[AUDIENCE, "elsewhere"]),
    "mesh audience": lambda: claiming(aud="roost-mesh"),
    **{f"no {name}": lambda name=name: without(name) for name in CLAIMS},  # type: ignore[misc]
    "nothing claimed": lambda: signed({}),
    "expired": lambda: claiming(iat=NOW - 2000, exp=NOW - 1100),
    "expired just beyond the leeway": lambda: claiming(iat=NOW - 930, exp=NOW - 31),
    "lasts too long": lambda: claiming(exp=NOW + 901),
    "lasts for years": lambda: claiming(exp=NOW + 10**8),
    "exp is enormous": lambda: headed_claims(exp=10**400),
    "exp is a text": lambda: headed_claims(exp=str(NOW + 900)),
    "exp is a float": lambda: headed_claims(exp=NOW + 900.5),
    "exp is infinite": lambda: signed_raw(
        b64(HEADER), b64(json.dumps({**CLAIMS, "exp": float("inf")}).encode())
    ),
    "exp is true": lambda: headed_claims(exp=True),
    "exp is negative": lambda: headed_claims(exp=-1),
    "issued in the future": lambda: claiming(iat=NOW + 60),
    "iat is a text": lambda: headed_claims(iat="now"),
    "not yet valid": lambda: claiming(nbf=NOW + 60),
    "nbf is a text": lambda: headed_claims(nbf="0"),
    "sub is a number": lambda: headed_claims(sub=42),
    "sub is zero": lambda: claiming(sub="0"),
    "sub is negative": lambda: claiming(sub="-42"),
    "sub has a leading zero": lambda: claiming(sub="042"),
    "sub has a space": lambda: claiming(sub=" 42"),
    "sub is in other digits": lambda: claiming(sub="\u0664\u0662"),
    "sub is too large": lambda: claiming(sub=str(2**63)),
    "sub is a service": lambda: claiming(sub="service:post"),
    "sid is empty": lambda: claiming(sid=""),
    "sid is a list": lambda: headed_claims(sid=["7"]),
}


def headed_claims(**claims: Any) -> str:
    """Claims that PyJWT would refuse to sign."""
    return signed_raw(b64(HEADER), b64({**CLAIMS, **claims}))


@pytest.mark.parametrize("name", ATTACKS)
async def test_attack_is_refused(verifier: Verifier, name: str) -> None:
    token = ATTACKS[name]()

    with pytest.raises(Unauthenticated) as refused:
        await verifier.verify(token)

    expected = "TOKEN_EXPIRED" if name.startswith("expired") else "TOKEN_INVALID"
    assert refused.value.reason == expected


async def test_token_of_another_library_is_taken_when_it_is_right(verifier: Verifier) -> None:
    by_pyjwt = signed()
    by_joserfc = joserfc.jwt.encode(HEADER, CLAIMS, joserfc.jwk.ECKey.import_key(KEY.pem()))

    assert await verifier.verify(by_pyjwt) == UserCaller(42, 7)
    assert await verifier.verify(by_joserfc) == UserCaller(42, 7)


async def test_other_libraries_take_our_token() -> None:
    clock = ManualClock(datetime.fromtimestamp(NOW, UTC))
    token = AccessTokens(issuer=ISSUER, audience=AUDIENCE, clock=clock).issue(42, 7, key=KEY)

    by_pyjwt = jwt.decode(
        token,
        PUBLIC_PEM.decode(),
        algorithms=["ES256"],
        audience=AUDIENCE,
        issuer=ISSUER,
        options={"verify_exp": False, "verify_iat": False},
    )
    public = joserfc.jwk.ECKey.import_key(PUBLIC_PEM)
    by_joserfc = joserfc.jwt.decode(token, public, algorithms=["ES256"])

    assert by_pyjwt == by_joserfc.claims == CLAIMS
    assert by_joserfc.header == HEADER


async def test_attacks_do_not_harm_the_right_token(verifier: Verifier) -> None:
    assert await verifier.verify(signed()) == UserCaller(42, 7)

    for attack in ATTACKS.values():
        with pytest.raises(Unauthenticated):
            await verifier.verify(attack())

    assert await verifier.verify(signed()) == UserCaller(42, 7)


SERVICE_CLAIMS = {
    "iss": "roost:services",
    "aud": "roost-mesh",
    "sub": "service:post",
    "iat": NOW,
    "exp": NOW + 60,
}
SERVICE_HEADER = {"alg": "ES256", "typ": "service+jwt", "kid": "post"}


def identified(
    claims: dict[str, Any] | None = None,
    header: dict[str, Any] | None = None,
    *,
    pem: bytes = POST_KEY.pem(),
) -> str:
    return signed(
        {**SERVICE_CLAIMS, **(claims or {})}, {**SERVICE_HEADER, **(header or {})}, pem=pem
    )


async def test_identity_of_a_service_is_taken(verifier: Verifier) -> None:
    clock = ManualClock(datetime.fromtimestamp(NOW, UTC))

    assert await verifier.verify(identified()) == ServiceCaller("post")
    assert await verifier.verify(ServiceIdentity(POST_KEY, clock=clock).token()) == ServiceCaller(
        "post"
    )


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(identified({"sub": "service:user"}), id="names another service"),
        pytest.param(identified({"sub": "post"}), id="names no service"),
        pytest.param(identified({"exp": NOW + 61}), id="lasts too long"),
        pytest.param(identified({"aud": AUDIENCE}), id="audience of people"),
        pytest.param(identified({"iss": ISSUER}), id="issuer of people"),
        pytest.param(identified(header={"typ": "at+jwt"}), id="type of people"),
        pytest.param(identified(pem=KEY.pem()), id="key of people"),
        pytest.param(identified(header={"kid": "key-1"}, pem=KEY.pem()), id="kid of people"),
        pytest.param(identified(header={"kid": "user"}), id="kid of another service"),
        pytest.param(identified(pem=FOREIGN_PEM), id="foreign key"),
    ],
)
async def test_forged_identity_is_refused(verifier: Verifier, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)
