"""Push messages are encrypted as RFC 8291 says."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from services.delivery.domain.encryption import MAX_PLAINTEXT_BYTES, encrypt
from services.delivery.domain.vapid import decode, encode
from tests.push import Browser

# RFC 8291, appendix A.
PLAINTEXT = decode("V2hlbiBJIGdyb3cgdXAsIEkgd2FudCB0byBiZSBhIHdhdGVybWVsb24")
SENDER_PRIVATE = decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
DEVICE_KEY = decode(
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
)
DEVICE_SECRET = decode("BTBZMqHH6r4Tts7J_aSIgg")
SALT = decode("DGv6ra1nlYgDCS1FRnbzlw")
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
    "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_rfc_comes_out() -> None:
    sender = ec.derive_private_key(int.from_bytes(SENDER_PRIVATE), ec.SECP256R1())

    body = encrypt(
        PLAINTEXT, device_key=DEVICE_KEY, device_secret=DEVICE_SECRET, sender=sender, salt=SALT
    )

    assert encode(body) == BODY


@pytest.mark.parametrize("size", [0, 1, MAX_PLAINTEXT_BYTES])
def test_the_device_reads_what_was_encrypted_for_it(size: int) -> None:
    device = Browser()

    body = encrypt(b"x" * size, device_key=device.key, device_secret=device.secret)

    assert device.decrypt(body) == b"x" * size
    assert len(body) <= 4096


def test_no_two_messages_are_alike() -> None:
    device = Browser()

    bodies = {
        encrypt(b"same", device_key=device.key, device_secret=device.secret) for _ in range(10)
    }

    assert len(bodies) == 10


def test_what_no_push_service_takes_is_refused() -> None:
    device = Browser()

    with pytest.raises(ValueError, match="3993 bytes"):
        encrypt(
            b"x" * (MAX_PLAINTEXT_BYTES + 1), device_key=device.key, device_secret=device.secret
        )


def test_a_point_beside_the_curve_is_no_key() -> None:
    with pytest.raises(ValueError, match="Invalid EC key"):
        encrypt(b"", device_key=b"\x04" + b"\x01" * 64, device_secret=DEVICE_SECRET)
