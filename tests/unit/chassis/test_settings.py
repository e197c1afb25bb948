"""Settings come from the environment, and a wrong one is named in one sentence."""

from pathlib import Path

import pytest

from services.chassis.events.bus import KafkaConnection
from services.chassis.runtime import process
from services.chassis.runtime.settings import (
    SLICE_COUNTS,
    RelaySettings,
    ReplicaSettings,
    ServiceSettings,
    load,
    split_address,
)
from tests.certificates import Authority, settings_of

RIGHT = {
    "ROOST_MESH": "127.0.0.1:7000",
    "ROOST_DATABASE_URL": "postgres://roost:hunter2@127.0.0.1:5432/roost_user",
    "ROOST_REDIS_URL": "redis://127.0.0.1:6379",
    "ROOST_KAFKA_BROKERS": "127.0.0.1:9092,127.0.0.1:9093",
    "ROOST_PAGE_TOKEN_KEY": "0f" * 32,
    "ROOST_SERVICE_KEY_FILE": "/run/user.pem",
    "ROOST_SERVICE_KEYS_FILE": "/run/services.json",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in RIGHT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_settings_are_read_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ROOST_LOG_LEVEL", "debug")

    settings = load(ServiceSettings)

    assert settings.kafka_brokers == ("127.0.0.1:9092", "127.0.0.1:9093")
    assert settings.page_token_key == b"\x0f" * 32
    assert settings.service_key_file == Path("/run/user.pem")
    assert settings.log_level == "debug"
    assert settings.token_issuer == "https://roost.local"


@pytest.mark.parametrize("scheme", ["redis", "rediss", "redis+cluster", "rediss+cluster"])
def test_redis_may_be_one_server_or_a_cluster(environment: pytest.MonkeyPatch, scheme: str) -> None:
    environment.setenv("ROOST_REDIS_URL", f"{scheme}://:secret@redis:6379")

    assert load(ServiceSettings).redis_url == f"{scheme}://:secret@redis:6379"


def test_replica_is_optional_and_has_a_url_of_postgres(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load(ReplicaSettings).replica_url is None
    environment.setenv("ROOST_REPLICA_URL", "postgres://roost:hunter3@standby/roost_user")
    assert "hunter3" not in repr(load(ReplicaSettings))
    environment.setenv("ROOST_REPLICA_URL", "mysql://hunter3")

    with pytest.raises(SystemExit):
        load(ReplicaSettings)

    assert capsys.readouterr().err == (
        "ROOST_REPLICA_URL is wrong: it must be a URL that starts with postgres://.\n"
    )


def test_outbox_is_one_slice_unless_it_is_set(environment: pytest.MonkeyPatch) -> None:
    assert load(RelaySettings).relay_slices == 1

    for count in SLICE_COUNTS:
        environment.setenv("ROOST_RELAY_SLICES", str(count))
        assert load(RelaySettings).relay_slices == count


@pytest.mark.parametrize("count", ["0", "3", "128", "-2"])
def test_number_of_slices_is_a_power_of_two(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], count: str
) -> None:
    environment.setenv("ROOST_RELAY_SLICES", count)

    with pytest.raises(SystemExit):
        load(RelaySettings)

    sentence = "ROOST_RELAY_SLICES is wrong: it must be a power of two from 1 to 64.\n"
    assert capsys.readouterr().err == sentence


def test_settings_do_not_show_their_secrets(environment: pytest.MonkeyPatch) -> None:
    shown = repr(load(ServiceSettings))

    assert "hunter2" not in shown
    assert "\\x0f" not in shown


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ROOST_MESH", None, "ROOST_MESH is not set, and there is no default for it."),
        (
            "ROOST_MESH",
            "envoy",
            "ROOST_MESH is wrong: it must be host:port, for example 127.0.0.1:7001.",
        ),
        (
            "ROOST_REDIS_URL",
            "unix:///run/redis.sock",
            "ROOST_REDIS_URL is wrong: it must be a URL with a host that starts with redis://, "
            "rediss:// (TLS), redis+cluster:// or rediss+cluster://.",
        ),
        (
            "ROOST_REDIS_CA_FILE",
            "/nowhere/ca.crt",
            "ROOST_REDIS_CA_FILE is wrong: it must be the path of a readable file of certificates "
            "in PEM.",
        ),
        (
            "ROOST_DATABASE_CONNECTIONS",
            "0",
            "ROOST_DATABASE_CONNECTIONS is wrong: it must be greater than or equal to 1.",
        ),
        (
            "ROOST_LISTEN",
            "127.0.0.1:70000",
            "ROOST_LISTEN is wrong: it must be host:port, for example 127.0.0.1:7001.",
        ),
        (
            "ROOST_KAFKA_BROKERS",
            "a:1,b",
            "ROOST_KAFKA_BROKERS is wrong: it must be host:port, for example 127.0.0.1:7001.",
        ),
        (
            "ROOST_PAGE_TOKEN_KEY",
            "hunter2",
            "ROOST_PAGE_TOKEN_KEY is wrong: it must be 32 bytes in hexadecimal (64 digits).",
        ),
        (
            "ROOST_DATABASE_URL",
            "mysql://hunter2",
            "ROOST_DATABASE_URL is wrong: it must be a URL that starts with postgres://.",
        ),
        (
            "ROOST_TRACE_RATIO",
            "2",
            "ROOST_TRACE_RATIO is wrong: it must be less than or equal to 1.",
        ),
        (
            "ROOST_LOG_LEVEL",
            "loud",
            "ROOST_LOG_LEVEL is wrong: it must be 'debug', 'info', 'warning' or 'error'.",
        ),
    ],
)
def test_wrong_setting_ends_the_process_with_one_sentence(
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str | None,
    sentence: str,
) -> None:
    if value is None:
        environment.delenv(name)
    else:
        environment.setenv(name, value)

    with pytest.raises(SystemExit) as ended:
        load(ServiceSettings)

    assert ended.value.code == 2
    assert capsys.readouterr().err == sentence + "\n"


def test_address_splits_into_host_and_port() -> None:
    assert split_address("127.0.0.1:80") == ("127.0.0.1", 80)
    assert split_address("[::1]:80") == ("::1", 80)


@pytest.mark.parametrize("arguments", [[], ["dance"], ["serve", "work"]])
def test_wrong_command_is_answered_with_the_right_one(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    def never(_: ServiceSettings) -> None:
        raise AssertionError("nothing is composed for a wrong command")

    program = process.Program("user", ServiceSettings, serve=never, work=never)  # type: ignore[arg-type]

    code = process.main(program, arguments)

    assert code == 2
    assert "python -m services.user serve|work" in capsys.readouterr().err


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    made = {}
    for name in ("CA", "CERTIFICATE", "KEY"):
        path = tmp_path / f"{name.lower()}.pem"
        path.touch()
        made[f"ROOST_KAFKA_{name}_FILE"] = str(path)
    return made


def test_kafka_is_used_in_plain_text_unless_settings_say_otherwise(
    environment: pytest.MonkeyPatch,
) -> None:
    connection = KafkaConnection.of(load(ServiceSettings))

    assert connection.configuration() == {
        "bootstrap.servers": "127.0.0.1:9092,127.0.0.1:9093",
        "security.protocol": "plaintext",
    }


def test_kafka_is_used_with_tls_and_sasl_as_settings_say(
    environment: pytest.MonkeyPatch, files: dict[str, str]
) -> None:
    environment.setenv("ROOST_KAFKA_BROKERS", "kafka-0.kafka:9093,kafka-1.kafka:9093")
    environment.setenv("ROOST_KAFKA_SECURITY", "sasl_ssl")
    environment.setenv("ROOST_KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
    environment.setenv("ROOST_KAFKA_USERNAME", "roost")
    environment.setenv("ROOST_KAFKA_PASSWORD", "hunter2")
    for name, value in files.items():
        environment.setenv(name, value)

    settings = load(ServiceSettings)
    connection = KafkaConnection.of(settings)

    assert connection.configuration() == {
        "bootstrap.servers": "kafka-0.kafka:9093,kafka-1.kafka:9093",
        "security.protocol": "sasl_ssl",
        "ssl.ca.location": files["ROOST_KAFKA_CA_FILE"],
        "ssl.certificate.location": files["ROOST_KAFKA_CERTIFICATE_FILE"],
        "ssl.key.location": files["ROOST_KAFKA_KEY_FILE"],
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "roost",
        "sasl.password": "hunter2",
    }
    assert "hunter2" not in repr(settings) + repr(connection)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"ROOST_KAFKA_SECURITY": "tls"},
            "ROOST_KAFKA_SECURITY is wrong: it must be 'plaintext', 'ssl', 'sasl_plaintext' or "
            "'sasl_ssl'.",
        ),
        (
            {"ROOST_KAFKA_SECURITY": "sasl_ssl", "ROOST_KAFKA_USERNAME": "roost"},
            "ROOST_KAFKA_SECURITY=sasl_ssl needs ROOST_KAFKA_SASL_MECHANISM and "
            "ROOST_KAFKA_PASSWORD.",
        ),
        (
            {"ROOST_KAFKA_SECURITY": "ssl", "ROOST_KAFKA_USERNAME": "roost"},
            "ROOST_KAFKA_SECURITY=ssl uses no SASL, so ROOST_KAFKA_USERNAME must not be set.",
        ),
        (
            {"ROOST_KAFKA_CA_FILE": "CA"},
            "ROOST_KAFKA_SECURITY=plaintext uses no TLS, so ROOST_KAFKA_CA_FILE must not be set.",
        ),
        (
            {"ROOST_KAFKA_SECURITY": "ssl", "ROOST_KAFKA_CERTIFICATE_FILE": "CERTIFICATE"},
            "ROOST_KAFKA_CERTIFICATE_FILE and ROOST_KAFKA_KEY_FILE are set together or not at all.",
        ),
        (
            {"ROOST_KAFKA_SECURITY": "ssl", "ROOST_KAFKA_CA_FILE": "/nowhere/ca.pem"},
            "ROOST_KAFKA_CA_FILE is wrong: it names a file that does not exist: /nowhere/ca.pem.",
        ),
    ],
)
def test_incomplete_settings_of_kafka_end_the_process_with_one_sentence(
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    files: dict[str, str],
    given: dict[str, str],
    sentence: str,
) -> None:
    for name, value in given.items():
        environment.setenv(name, files.get(f"ROOST_KAFKA_{value}_FILE", value))

    with pytest.raises(SystemExit) as ended:
        load(ServiceSettings)

    assert ended.value.code == 2
    assert capsys.readouterr().err == sentence + "\n"


def test_files_of_tls_are_set_together_or_not_at_all(
    environment: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load(ServiceSettings).tls is None
    files = settings_of(Authority().issue(tmp_path / "own", "user"))
    for name, value in files.items():
        environment.setenv(name, value)
    tls = load(ServiceSettings).tls
    assert tls is not None
    assert tls.current().certificate == (tmp_path / "own" / "tls.crt").read_bytes()

    environment.delenv("ROOST_TLS_CA_FILE")
    assert complaint(capsys) == (
        "ROOST_TLS_CERTIFICATE_FILE and ROOST_TLS_KEY_FILE and ROOST_TLS_CA_FILE are set together "
        "or not at all; ROOST_TLS_CA_FILE is missing.\n"
    )


# PKCS #8 with the algorithm 1.2.3.4.
UNKNOWN_KEY = b"""-----BEGIN PRIVATE KEY-----
MA4CAQAwBQYDKgMEBAIEAA==
-----END PRIVATE KEY-----
"""


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("tls.crt", b"nothing", "{file} holds no certificate in PEM."),
        ("ca.crt", b"nothing", "{file} holds no certificate in PEM."),
        ("tls.key", b"nothing", "{file} holds no private key in PEM without a password."),
        ("tls.key", UNKNOWN_KEY, "{file} holds no private key in PEM without a password."),
        ("tls.key", None, "{file} is not the key of the certificate {folder}/tls.crt."),
    ],
)
def test_files_of_tls_that_do_not_fit_are_said_in_one_sentence(
    environment: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    file: str,
    content: bytes | None,
    sentence: str,
) -> None:
    folder = Authority().issue(tmp_path / "own", "user")
    other = Authority().issue(tmp_path / "other", "user")
    for name, value in settings_of(folder).items():
        environment.setenv(name, value)
    (folder / file).write_bytes((other / file).read_bytes() if content is None else content)

    assert complaint(capsys) == sentence.format(file=folder / file, folder=folder) + "\n"


def test_a_file_of_tls_that_is_missing_is_named(
    environment: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Authority().issue(tmp_path / "own", "user")
    for name, value in settings_of(folder).items():
        environment.setenv(name, value)
    (folder / "tls.key").unlink()

    assert complaint(capsys) == (
        f"ROOST_TLS_KEY_FILE is wrong: it names a file that does not exist: {folder}/tls.key.\n"
    )


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        load(ServiceSettings)
    assert ended.value.code == 2
    return capsys.readouterr().err
