"""Forged and foreign tokens, made by other libraries: one corpus for every verifier."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import joserfc.jwk
import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwe

from services.chassis.auth.tokens import SigningKey

# In an HTTP header these equal valid ones, or cannot be sent.
NOT_FOR_HTTP = {"empty", "trailing line end", "leading space", "not ASCII"}


def reason_of(name: str) -> str:
    """The refusal reason of that attack."""
    return "TOKEN_EXPIRED" if name.startswith("expired") else "TOKEN_INVALID"


def b64(data: bytes | dict[str, Any]) -> str:
    raw = json.dumps(data).encode() if isinstance(data, dict) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Forge:
    """Creates tokens of user 42, valid and invalid ones, with the key of the issuer.

    `other_key` is another key of the issuer. `attacks` are tokens that no verifier may accept.
    """

    def __init__(
        self, *, issuer: str, audience: str, key: SigningKey, other_key: SigningKey, now: int
    ) -> None:
        self.issuer = issuer
        self.audience = audience
        self.key = key
        self.other_key = other_key
        self.now = now
        self.header = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid}
        self.claims = {
            "iss": issuer,
            "aud": audience,
            "sub": "42",
            "sid": "7",
            "iat": now,
            "exp": now + 900,
        }
        foreign = ec.generate_private_key(ec.SECP256R1())
        self.foreign_pem = SigningKey("foreign", foreign).pem()
        self.foreign_jwk = SigningKey(key.kid, foreign).public_jwk()
        public = serialization.load_pem_private_key(key.pem(), None).public_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        self.public_pem = public.public_bytes(serialization.Encoding.PEM, form)
        self.public_der = public.public_bytes(serialization.Encoding.DER, form)

    def signed(
        self,
        claims: dict[str, Any] | None = None,
        header: dict[str, Any] | None = None,
        *,
        pem: bytes | None = None,
    ) -> str:
        """A token by PyJWT that is valid, except for the arguments."""
        claims = self.claims if claims is None else claims
        header = self.header if header is None else header
        return jwt.encode(
            claims, (pem or self.key.pem()).decode(), algorithm="ES256", headers=header
        )

    def signed_raw(self, header: str, payload: str) -> str:
        """Any two segments, signed with the correct key."""
        inner = f"{header}.{payload}"
        return f"{inner}.{b64(self.key.key.sign(inner.encode()))}"

    def claiming(self, **claims: Any) -> str:
        return self.signed({**self.claims, **claims})

    def without(self, *names: str) -> str:
        return self.signed(
            {name: value for name, value in self.claims.items() if name not in names}
        )

    def headed(self, **header: Any) -> str:
        return self.signed_raw(b64({**self.header, **header}), b64(self.claims))

    def hmac_token(self, secret: bytes, **header: Any) -> str:
        inner = f"{b64({**self.header, 'alg': 'HS256', **header})}.{b64(self.claims)}"
        return f"{inner}.{b64(hmac.new(secret, inner.encode(), hashlib.sha256).digest())}"

    def altered_signature(self) -> str:
        inner, _, signature = self.signed().rpartition(".")
        raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
        raw[10] ^= 1
        return f"{inner}.{b64(bytes(raw))}"

    def altered_payload(self) -> str:
        header, _, signature = self.signed().split(".")
        return f"{header}.{b64({**self.claims, 'sub': '1'})}.{signature}"

    def der_signature(self) -> str:
        inner = f"{b64(self.header)}.{b64(self.claims)}"
        private = serialization.load_pem_private_key(self.key.pem(), None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        return f"{inner}.{b64(private.sign(inner.encode(), ec.ECDSA(hashes.SHA256())))}"

    def encrypted(self) -> str:
        key = joserfc.jwk.ECKey.import_key(self.key.pem())
        protected = {**self.header, "alg": "ECDH-ES", "enc": "A256GCM"}
        return jwe.encrypt_compact(protected, json.dumps(self.claims), key)

    def nested_deep(self) -> str:
        return self.signed_raw(b64(b'{"alg":' + b"[" * 500 + b"]" * 500 + b"}"), b64(self.claims))

    def rs256(self) -> str:
        private = rsa.generate_private_key(65537, 2048)
        return jwt.encode(
            self.claims, private, algorithm="RS256", headers={**self.header, "alg": "RS256"}
        )

    def p384(self) -> str:
        private = ec.generate_private_key(ec.SECP384R1())
        return jwt.encode(
            self.claims, private, algorithm="ES384", headers={**self.header, "alg": "ES384"}
        )

    def headed_claims(self, **claims: Any) -> str:
        """A token with claims that PyJWT refuses to sign."""
        return self.signed_raw(b64(self.header), b64({**self.claims, **claims}))

    def attacks(self) -> dict[str, Callable[[], str]]:
        """The attacks by name, each created when it is called."""
        return {
            "empty": lambda: "",
            "one dot": lambda: ".",
            "two dots": lambda: "..",
            "words": lambda: "let me in",
            "four parts": lambda: self.signed() + ".x",
            "two parts": lambda: self.signed().rpartition(".")[0],
            "no signature": lambda: self.signed().rpartition(".")[0] + ".",
            "truncated": lambda: self.signed()[:-5],
            "trailing line end": lambda: self.signed() + "\n",
            "leading space": lambda: " " + self.signed(),
            "padded": lambda: self.signed() + "==",
            "standard alphabet": lambda: self.signed().replace("-", "+").replace("_", "/") + "+",
            "not ASCII": lambda: self.signed().replace("e", "\u0435", 1),
            "huge": lambda: self.claiming(note="x" * 5000),
            "huge header": lambda: self.headed(note="x" * 3000),
            "deep header": self.nested_deep,
            "header is a list": lambda: self.signed_raw(b64(b"[]"), b64(self.claims)),
            "header is not JSON": lambda: self.signed_raw(b64(b"{alg}"), b64(self.claims)),
            "header is not UTF-8": lambda: self.signed_raw(
                b64(b'{"alg":"\xff"}'), b64(self.claims)
            ),
            "payload is a list": lambda: self.signed_raw(b64(self.header), b64(b"[]")),
            "payload is not JSON": lambda: self.signed_raw(b64(self.header), b64(b"hello")),
            "alg none": lambda: f"{b64({**self.header, 'alg': 'none'})}.{b64(self.claims)}.",
            "alg none with signature": lambda: self.headed(alg="none"),
            "alg NonE": lambda: self.headed(alg="NonE"),
            "alg es256": lambda: self.headed(alg="es256"),
            "alg missing": lambda: self.signed_raw(
                b64({"typ": "at+jwt", "kid": self.key.kid}), b64(self.claims)
            ),
            "alg is null": lambda: self.headed(alg=None),
            "alg is a list": lambda: self.headed(alg=["ES256"]),
            "alg twice": lambda: self.signed_raw(
                b64(f'{{"alg":"none",{json.dumps(self.header)[1:]}'.encode()), b64(self.claims)
            ),
            "HS256 with the public key as PEM": lambda: self.hmac_token(self.public_pem),
            "HS256 with the public key as DER": lambda: self.hmac_token(self.public_der),
            "HS256 with the public key as JWK": lambda: self.hmac_token(
                json.dumps(self.key.public_jwk()).encode()
            ),
            "HS256 with no key": lambda: self.hmac_token(b""),
            "HS256 that says ES256": lambda: self.hmac_token(self.public_pem, alg="ES256"),
            "RS256": self.rs256,
            "ES384": self.p384,
            "foreign key": lambda: self.signed(pem=self.foreign_pem),
            "foreign key in jwk": lambda: self.signed(
                header={**self.header, "jwk": {**self.foreign_jwk}}, pem=self.foreign_pem
            ),
            "foreign key without kid in jwk": lambda: self.signed(
                header={"alg": "ES256", "typ": "at+jwt", "jwk": {**self.foreign_jwk}},
                pem=self.foreign_pem,
            ),
            "own key in jwk": lambda: self.headed(jwk={**self.key.public_jwk()}),
            "jku": lambda: self.headed(jku="https://evil.test/jwks.json"),
            "x5u": lambda: self.headed(x5u="https://evil.test/cert.pem"),
            "x5c": lambda: self.headed(x5c=["MIIB"]),
            "unknown crit": lambda: self.headed(crit=["exp"], exp=1),
            "empty crit": lambda: self.headed(crit=[]),
            "b64 false": lambda: self.headed(b64=False, crit=["b64"]),
            "zip": lambda: self.headed(zip="DEF"),
            "cty": lambda: self.headed(cty="JWT"),
            "kid unknown": lambda: self.headed(kid="key-9"),
            "kid of another key": lambda: self.headed(kid=self.other_key.kid),
            "kid missing": lambda: self.signed_raw(
                b64({"alg": "ES256", "typ": "at+jwt"}), b64(self.claims)
            ),
            "kid empty": lambda: self.headed(kid=""),
            "kid is a number": lambda: self.headed(kid=1),
            "kid is a path": lambda: self.headed(kid="../../../../dev/null"),
            "kid is SQL": lambda: self.headed(kid="x' UNION SELECT 'key"),
            "kid of a service": lambda: self.headed(kid="post"),
            "typ JWT": lambda: self.headed(typ="JWT"),
            "typ AT+JWT": lambda: self.headed(typ="AT+JWT"),
            "typ of a service": lambda: self.headed(typ="service+jwt"),
            "typ missing": lambda: self.signed_raw(
                b64({"alg": "ES256", "kid": self.key.kid}), b64(self.claims)
            ),
            "signature altered": self.altered_signature,
            "signature of zeros": lambda: f"{b64(self.header)}.{b64(self.claims)}.{b64(bytes(64))}",
            "signature in DER": self.der_signature,
            "payload altered": self.altered_payload,
            "encrypted": self.encrypted,
            "wrong issuer": lambda: self.claiming(iss="https://evil.test"),
            "issuer is a list": lambda: self.headed_claims(iss=[self.issuer]),
            "wrong audience": lambda: self.claiming(aud="elsewhere"),
            "several audiences": lambda: self.claiming(aud=[self.audience, "elsewhere"]),
            "mesh audience": lambda: self.claiming(aud="roost-mesh"),
            **{f"no {name}": lambda name=name: self.without(name) for name in self.claims},  # type: ignore[misc]
            "nothing claimed": lambda: self.signed({}),
            "expired": lambda: self.claiming(iat=self.now - 2000, exp=self.now - 1100),
            "expired just beyond the leeway": lambda: self.claiming(
                iat=self.now - 930, exp=self.now - 31
            ),
            "lasts too long": lambda: self.claiming(exp=self.now + 901),
            "lasts for years": lambda: self.claiming(exp=self.now + 10**8),
            "exp is enormous": lambda: self.headed_claims(exp=10**400),
            "exp is a text": lambda: self.headed_claims(exp=str(self.now + 900)),
            "exp is a float": lambda: self.headed_claims(exp=self.now + 900.5),
            "exp is infinite": lambda: self.signed_raw(
                b64(self.header), b64(json.dumps({**self.claims, "exp": float("inf")}).encode())
            ),
            "exp is true": lambda: self.headed_claims(exp=True),
            "exp is negative": lambda: self.headed_claims(exp=-1),
            "issued in the future": lambda: self.claiming(iat=self.now + 60),
            "iat is a text": lambda: self.headed_claims(iat="now"),
            "not yet valid": lambda: self.claiming(nbf=self.now + 60),
            "nbf is a text": lambda: self.headed_claims(nbf="0"),
            "sub is a number": lambda: self.headed_claims(sub=42),
            "sub is zero": lambda: self.claiming(sub="0"),
            "sub is negative": lambda: self.claiming(sub="-42"),
            "sub has a leading zero": lambda: self.claiming(sub="042"),
            "sub has a space": lambda: self.claiming(sub=" 42"),
            "sub is in other digits": lambda: self.claiming(sub="\u0664\u0662"),
            "sub is too large": lambda: self.claiming(sub=str(2**63)),
            "sub is a service": lambda: self.claiming(sub="service:post"),
            "sid is empty": lambda: self.claiming(sid=""),
            "sid is a list": lambda: self.headed_claims(sid=["7"]),
        }
