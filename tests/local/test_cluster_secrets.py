"""`roost secrets`: every Secret of the chart, which a later run keeps."""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic_settings import BaseSettings
from typer.testing import CliRunner

from gateway.settings import GatewaySettings
from local import cluster_secrets
from local.cli import app
from local.cluster_secrets import key_of
from services.chassis.auth.tokens import service_keys
from services.chassis.runtime.manifest import Engine, Manifest, deployed
from services.chassis.runtime.settings import PREFIX, ServiceSettings

SERVICES = [each for each in deployed() if each.processes]
NOUNS = [each.noun for each in SERVICES]

DATABASES = ("--database-url", "postgresql://roost:p%40ss@db:5432/roost_{service}?sslmode=require")
GIVEN = (
    *DATABASES,
    *("--redis-url", "rediss://:secret@valkey:6379/0"),
    *("--s3-access-key", "writer", "--s3-secret-key", "written"),
    *("--s3-reader-access-key", "reader", "--s3-reader-secret-key", "read"),
)
# What a pod has besides its Secret.
PLAIN = {
    "ROOST_MESH": "mesh:9000",
    "ROOST_KAFKA_BROKERS": "kafka:9092",
    "ROOST_MEDIA_BASE_URL": "https://media.example",
    "ROOST_MEDIA_PURGE_URL": "http://envoy:9903",
    "ROOST_S3_ENDPOINT": "https://s3.example",
    "ROOST_S3_REGION": "eu",
    "ROOST_SERVICE_KEYS_FILE": "/identities/services.jwks.json",
}


def run(*words: str, stdin: str | None = None, **variables: str) -> tuple[int, str, str]:
    ended = CliRunner().invoke(
        app, ["secrets", *words], input=stdin, env=variables, prog_name="roost"
    )
    return ended.exit_code, ended.stdout, ended.stderr.strip()


def made(*words: str, stdin: str | None = None, **variables: str) -> str:
    code, text, said = run(*words, stdin=stdin, **variables)
    assert code == 0, said
    return text


def refusal(*words: str, stdin: str | None = None) -> str:
    code, text, said = run(*words, stdin=stdin)
    assert (code, text) == (1, "")
    return said


def values(text: str) -> dict[str, dict[str, str]]:
    """The values of each Secret by its name, as Kubernetes would mount them."""
    said = json.loads(text)
    assert (said["apiVersion"], said["kind"]) == ("v1", "List")
    assert {(each["apiVersion"], each["kind"]) for each in said["items"]} == {("v1", "Secret")}
    return {
        each["metadata"]["name"]: {
            key: base64.b64decode(value).decode() for key, value in each["data"].items()
        }
        for each in said["items"]
    }


def stored(secrets: Mapping[str, Mapping[str, str]], **more: Any) -> str:
    """What `kubectl get secrets -o json` prints."""
    items = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": "default", "uid": "1", **more},
            "type": "Opaque",
            "data": {key: base64.b64encode(v.encode()).decode() for key, v in data.items()},
        }
        for name, data in secrets.items()
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def settings_of(noun: str) -> type[BaseSettings]:
    """The class of the service's settings."""
    module = importlib.import_module(f"services.{noun}.settings")
    (found,) = [
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, ServiceSettings)
        and each.__module__ == module.__name__
    ]
    return found


def mount(noun: str, secret: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of a pod: text keys are variables, `.pem` keys are files."""
    environment = {}
    for key, value in secret.items():
        variable = PREFIX + key.removesuffix(".pem").upper().replace("-", "_")
        if key.endswith(".pem"):
            file = folder / f"{noun}-{key}"
            file.write_text(value)
            environment[f"{variable}_FILE"] = str(file)
        else:
            environment[variable] = value
    return environment


def test_every_secret_of_every_manifest_is_there() -> None:
    secrets = values(made(*GIVEN))

    extra = {"gateway", "operator", "envoy", "identities"}
    assert secrets.keys() == {f"roost-{owner}" for owner in {*NOUNS, *extra}}
    for service in SERVICES:
        expected = {"database-url", "redis-url", "page-token-key", "service-key.pem"}
        expected |= {key_of(variable) for variable in (*service.secrets, *service.keys)}
        if Engine.S3 in service.engines:
            expected |= {"s3-access-key", "s3-secret-key"}
        assert secrets[f"roost-{service.noun}"].keys() == expected
    assert secrets["roost-gateway"].keys() == {"service-key.pem", "media-path-key"}
    assert secrets["roost-operator"].keys() == {"service-key.pem"}
    assert secrets["roost-envoy"].keys() == {"media-store.credentials", "media-path-keys.json"}
    assert secrets["roost-identities"].keys() == {"services.jwks.json"}


def test_the_keys_in_a_secret_have_the_names_of_variables() -> None:
    names = ("ROOST_MASTER_KEY", "ROOST_MEDIA_PATH_KEY", "ROOST_PUSH_KEY_FILE")

    assert [key_of(name) for name in names] == ["master-key", "media-path-key", "push-key.pem"]


@pytest.mark.parametrize("noun", NOUNS)
def test_a_service_starts_with_its_secret(
    noun: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = values(
        made(
            *GIVEN,
            *("--smtp-url", "smtps://roost:secret@mail.example"),
            *("--opensearch-username", "roost", "--opensearch-password", "secret"),
            *("--replica-url", "postgresql://standby/roost_{service}"),
        )
    )[f"roost-{noun}"]
    for name, value in {**PLAIN, **mount(noun, secret, tmp_path)}.items():
        monkeypatch.setenv(name, value)

    settings = settings_of(noun)()

    said = settings.model_dump()
    assert said["database_url"].endswith(f"/roost_{noun}?sslmode=require")
    read = {key.removesuffix(".pem").replace("-", "_") for key in secret}
    assert read <= said.keys() | {name.removesuffix("_file") for name in said}


def test_the_gateway_starts_with_its_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = values(made(*GIVEN))["roost-gateway"]
    for name, value in {**PLAIN, **mount("gateway", secret, tmp_path)}.items():
        monkeypatch.setenv(name, value)

    assert GatewaySettings().media_path_key.hex() == secret["media-path-key"]  # type: ignore[call-arg]


def test_the_identities_verify_what_each_process_signs(tmp_path: Path) -> None:
    secrets = values(made(*GIVEN))
    file = tmp_path / "services.jwks.json"
    file.write_text(secrets["roost-identities"]["services.jwks.json"])

    published = service_keys(file)

    assert [key["kid"] for key in published] == [*NOUNS, "gateway", "operator"]
    for name in (*NOUNS, "gateway", "operator"):
        private = ECKey.import_key(secrets[f"roost-{name}"]["service-key.pem"])
        signed = jwt.encode({"alg": "ES256", "kid": name}, {"sub": name}, private)
        assert jwt.decode(signed, KeySet.import_key_set({"keys": published})).claims["sub"] == name


def test_signers_and_verifier_of_media_addresses_have_one_key() -> None:
    secrets = values(made(*GIVEN))

    [key] = json.loads(secrets["roost-envoy"]["media-path-keys.json"])["keys"]
    raw = base64.urlsafe_b64decode(key["k"] + "=").hex()
    assert raw == secrets["roost-media"]["media-path-key"]
    assert raw == secrets["roost-gateway"]["media-path-key"]


def test_random_values_of_different_purposes_differ() -> None:
    secrets = values(made(*GIVEN))

    keys = [secrets[f"roost-{noun}"]["page-token-key"] for noun in NOUNS]
    keys += [secrets["roost-user"]["master-key"], secrets["roost-notification"]["master-key"]]
    assert len(set(keys)) == len(keys)


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    first = made(*GIVEN, "--namespace", "social", "--release", "roost")
    file.write_text(first)

    assert made("--keep", str(file), "--namespace", "social") == first
    assert made("--keep", "-", "--namespace", "social", stdin=first) == first


def test_a_new_service_leaves_everything_else_as_it_was() -> None:
    services = SERVICES[1:]
    given = cluster_secrets.read(made(*GIVEN), SERVICES, release="roost", namespace=None)
    earlier = cluster_secrets.complete(services, {}, given_without(given, SERVICES[0]))

    later = cluster_secrets.complete(
        SERVICES, {SERVICES[0].noun: dict(given[SERVICES[0].noun])}, earlier
    )

    for owner in {*earlier} - {"identities"}:
        assert later[owner] == earlier[owner]
    before = json.loads(earlier["identities"]["services.jwks.json"])["keys"]
    after = json.loads(later["identities"]["services.jwks.json"])["keys"]
    assert after[: len(before)] == before
    assert [key["kid"] for key in after[len(before) :]] == [SERVICES[0].noun]


def given_without(secrets: cluster_secrets.Secrets, service: Manifest) -> cluster_secrets.Secrets:
    """The Secrets before a service was there."""
    kept = {owner: dict(each) for owner, each in secrets.items() if owner != service.noun}
    published = json.loads(kept["identities"]["services.jwks.json"])["keys"]
    others = [key for key in published if key["kid"] != service.noun]
    kept["identities"]["services.jwks.json"] = json.dumps({"keys": others})
    return kept


def test_only_missing_keys_are_added_and_foreign_ones_stay() -> None:
    before = values(made(*GIVEN))
    page_token_key = before["roost-post"].pop("page-token-key")
    before["roost-post"]["own"] = "of the operator"
    before["roost-tls"] = {"tls.key": "of somebody else"}

    after = values(made("--keep", "-", stdin=stored(before)))

    added = after["roost-post"].pop("page-token-key")
    assert added != page_token_key
    assert len(bytes.fromhex(added)) == 32
    del before["roost-tls"]
    assert after == before


def test_bytes_that_are_no_text_stay() -> None:
    text = json.loads(made(*GIVEN))
    raw = base64.b64encode(bytes(range(256))).decode()
    text["items"][0]["data"]["own"] = raw

    after = json.loads(made("--keep", "-", stdin=json.dumps(text)))

    assert after == text
    assert after["items"][0]["data"]["own"] == raw


def test_a_value_changes_by_its_option_alone() -> None:
    before = values(made(*GIVEN))

    after = values(
        made(
            *("--keep", "-"),
            *("--database-url", "post=postgresql://other/roost_post"),
            stdin=stored(before),
        )
    )

    before["roost-post"]["database-url"] = "postgresql://other/roost_post"
    assert after == before


def test_a_lost_secret_of_a_service_gets_an_identity_that_is_published() -> None:
    before = values(made(*GIVEN))
    lost = before.pop("roost-post")

    after = values(
        made(
            *("--keep", "-"),
            *("--database-url", "post=" + lost["database-url"]),
            *("--redis-url", "post=" + lost["redis-url"]),
            stdin=stored(before),
        )
    )

    published = json.loads(after["roost-identities"]["services.jwks.json"])["keys"]
    private = ECKey.import_key(after["roost-post"]["service-key.pem"])
    assert [key["x"] for key in published if key["kid"] == "post"] == [private.as_dict()["x"]]
    assert after["roost-post"]["service-key.pem"] != lost["service-key.pem"]


def test_what_is_new_is_said_without_its_value() -> None:
    before = values(made(*GIVEN))
    del before["roost-post"]["page-token-key"]

    code, text, said = run("--keep", "-", stdin=stored(before))

    assert (code, said) == (0, "New or changed keys: post/page-token-key.")
    assert run("--keep", "-", stdin=text)[2] == "New or changed keys: none."


def test_secrets_of_another_release_or_namespace_are_not_kept() -> None:
    others = stored(values(made(*GIVEN, "--release", "blue")), namespace="elsewhere")

    assert refusal("--keep", "-", stdin=others) == (
        f"The Secret of {NOUNS[0]} has no database-url yet: give --database-url."
    )
    assert refusal("--keep", "-", "--release", "blue", "--namespace", "here", stdin=others) == (
        f"The Secret of {NOUNS[0]} has no database-url yet: give --database-url."
    )


@pytest.mark.parametrize(
    ("release", "name"),
    [("roost", "roost-user"), ("my-roost", "my-roost-user"), ("x", "x-roost-user")],
)
def test_names_are_those_of_the_chart(release: str, name: str) -> None:
    said = json.loads(made(*GIVEN, "--release", release, "--namespace", "social"))

    metadata = {each["metadata"]["name"]: each["metadata"] for each in said["items"]}
    assert metadata[name]["namespace"] == "social"
    assert metadata[name]["labels"]["app.kubernetes.io/instance"] == release


def test_a_service_may_have_its_own_database_and_valkey() -> None:
    secrets = values(
        made(
            *("--database-url", "search=postgresql://large/search", *GIVEN),
            *("--redis-url", "timeline=redis://near"),
        )
    )

    assert secrets["roost-search"]["database-url"] == "postgresql://large/search"
    assert secrets["roost-timeline"]["redis-url"] == "redis://near"
    assert secrets["roost-post"]["redis-url"] == "rediss://:secret@valkey:6379/0"


def test_values_come_from_files_or_the_environment(tmp_path: Path) -> None:
    for name in ("database", "password"):
        (tmp_path / name).write_text(f"postgresql://{name}/roost_{{service}}\n")
    (tmp_path / "ca.pem").write_text("authority\n")

    secrets = values(
        made(
            *("--database-url", f"@{tmp_path / 'database'}", *GIVEN[2:]),
            *("--kafka-password", f"@{tmp_path / 'password'}"),
            *("--kafka-ca-file", str(tmp_path / "ca.pem")),
            ROOST_KAFKA_USERNAME="roost",
            ROOST_RATE_LIMITS_REDIS_URL="redis://limits",
        )
    )

    assert secrets["roost-user"]["database-url"] == "postgresql://database/roost_user"
    assert secrets["roost-kafka"] == {
        "username": "roost",
        "password": "postgresql://password/roost_{service}",
        "ca.crt": "authority\n",
    }
    assert secrets["roost-rate-limits"] == {"redis-url": "redis://limits"}


def test_the_output_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    file.touch(0o644)

    code, text, said = run(*GIVEN, "--output", str(file))

    assert (code, text, said) == (0, "", "New or changed keys: all.")
    assert file.stat().st_mode & 0o777 == 0o600
    assert values(file.read_text()).keys() >= {"roost-user"}


def test_an_output_that_holds_secrets_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    run(*GIVEN, "--output", str(file))
    before = file.read_text()

    said = refusal(*GIVEN, "--output", str(file))
    code, _, _ = run(*GIVEN, "--keep", str(file), "--output", str(file))

    assert said.startswith(f"{file} exists.")
    assert code == 0
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            (*GIVEN, "--rate-limits-redis-url", "rediss://limits"),
            "The Secrets cannot be used: the redis-url of rate-limits must start with redis://.",
        ),
        (
            ("--database-url", "users=postgresql://db/x"),
            "--database-url names a service users that does not exist; "
            f"there are {', '.join(NOUNS)}.",
        ),
        (DATABASES, f"The Secret of {NOUNS[0]} has no redis-url yet: give --redis-url."),
        (GIVEN[:4], "The Secret of media has no s3-access-key yet: give --s3-access-key."),
        (
            GIVEN[:8],
            "The Secret of envoy has no media-store.credentials yet: "
            "give --s3-reader-access-key and --s3-reader-secret-key.",
        ),
        (
            GIVEN[:10],
            "--s3-reader-access-key and --s3-reader-secret-key belong together; "
            "one of them is absent.",
        ),
        (
            (*GIVEN, "--database-url", "postgresql://db/roost"),
            f"The Secrets cannot be used: {NOUNS[0]} and {NOUNS[1]} have the same database, "
            "and each service needs its own.",
        ),
        (
            (*GIVEN, "--database-url", "post=mysql://db"),
            "The Secrets cannot be used: the database-url of post must be a URL that starts with "
            "postgres://.",
        ),
        (
            (*GIVEN, "--replica-url", "media=postgresql://standby/media"),
            "--replica-url names a service media that does not exist; "
            "there are post, timeline, user.",
        ),
        (
            (*GIVEN, "--replica-url", "post=standby"),
            "The Secrets cannot be used: the replica-url of post must be a URL that starts with "
            "postgres://.",
        ),
        (
            (*GIVEN, "--kafka-username", "roost"),
            "The Secrets cannot be used: username and password of kafka belong together.",
        ),
        (
            (*GIVEN, "--kafka-password", "@/nowhere"),
            "/nowhere cannot be read: No such file or directory.",
        ),
        (
            (*GIVEN, "--keep", "/nowhere"),
            "/nowhere cannot be read: No such file or directory.",
        ),
        (
            (*GIVEN, "--output", "/nowhere/secrets.json"),
            "/nowhere/secrets.json cannot be written: No such file or directory.",
        ),
    ],
)
def test_a_mistake_is_one_sentence(words: tuple[str, ...], said: str) -> None:
    assert refusal(*words) == said


@pytest.mark.parametrize("text", ["", "[]", '{"items": 1}', '{"items": [{"kind": "Secret"}]}'])
def test_what_holds_no_secrets_is_not_kept(text: str) -> None:
    said = refusal(*GIVEN, "--keep", "-", stdin=text)

    assert said == "--keep -: it holds no Secrets of Kubernetes in JSON."


def test_a_damaged_key_is_not_replaced() -> None:
    before = values(made(*GIVEN))
    before["roost-post"]["service-key.pem"] = "damaged"

    said = refusal("--keep", "-", stdin=stored(before))

    assert said.startswith("The Secrets cannot be used: a kept key is damaged: ")


def test_media_keys_that_differ_are_refused() -> None:
    before = values(made(*GIVEN))
    before["roost-gateway"]["media-path-key"] = "00" * 32

    assert refusal("--keep", "-", stdin=stored(before)) == (
        "The Secrets cannot be used: media-path-key of gateway and media-path-key of media differ, "
        "and have to be the same."
    )


def test_a_service_without_an_engine_needs_no_address_of_it() -> None:
    alone = [replace(each, engines=(Engine.POSTGRES,)) for each in SERVICES if each.noun == "post"]
    given = {
        "post": {"database-url": "postgresql://db/roost_post"},
        "envoy": {"media-store.credentials": "x"},
    }

    secrets = cluster_secrets.complete(alone, given, {})

    assert "redis-url" not in secrets["post"]
