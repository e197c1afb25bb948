"""The engines of the test fixtures are real, and isolated for each test."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from typing import Any

import asyncpg
import boto3
import httpx2
import pytest
import redis.asyncio
from botocore.config import Config
from botocore.exceptions import ClientError
from confluent_kafka import Consumer, Producer

from local.parts.postgres import SUPERUSER
from local.parts.seaweedfs import BROKER_BUCKET, MEDIA_BUCKET, S3, FilerCredential
from local.probes import answers
from services.chassis.events.bus import KafkaConnection
from tests.engines import Engines
from tests.waiting import eventually


async def test_database_is_migrated_and_owned_by_the_role_of_its_service(
    database: Callable[[str], str],
) -> None:
    connection = await asyncpg.connect(database("user"))
    owner = await connection.fetchval("SELECT current_user")
    await connection.close()

    assert owner == "roost_user"


async def test_databases_of_one_test_are_apart(database: Callable[[str], str]) -> None:
    first = await asyncpg.connect(database("post"))
    second = await asyncpg.connect(database("post"))
    await first.execute("CREATE TABLE only_here (id bigint)")

    found = await second.fetchval("SELECT to_regclass('only_here')")

    await first.close()
    await second.close()
    assert found is None


async def test_log_of_the_database_holds_no_value_of_a_row(
    engines: Engines, empty_database: str
) -> None:
    log = engines.log("postgres")
    admin = engines.postgres.admin_url.rpartition("/")[0] + "/" + empty_database.rpartition("/")[2]
    connection = await asyncpg.connect(admin, server_settings={"log_min_duration_statement": "0"})
    await connection.execute("CREATE TABLE texts (text text PRIMARY KEY)")
    await connection.execute("INSERT INTO texts VALUES ($1)", "quokka")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("INSERT INTO texts VALUES ($1)", "quokka")
    await connection.close()

    written = log.read_text()
    assert "INSERT INTO texts" in written
    assert "duplicate key" in written
    assert "quokka" not in written


async def test_password_of_a_role_is_in_no_log(engines: Engines) -> None:
    engines.start("postgres")
    server = engines.postgres
    admin = await asyncpg.connect(server.admin_url)
    # Every statement counts as slow.
    await admin.execute(f"ALTER ROLE {SUPERUSER} SET log_min_duration_statement = 0")
    try:
        engines.run(server.create_database("roost_logged"))
    finally:
        await admin.execute(f"ALTER ROLE {SUPERUSER} RESET log_min_duration_statement")
        await admin.close()

    password = server.url("roost_logged").split(":")[2].partition("@")[0]
    assert len(password) == 64
    assert password not in engines.log("postgres").read_text()


async def test_valkey_answers_with_the_password_and_refuses_without(valkey: str) -> None:
    client = redis.asyncio.from_url(valkey)
    stranger = redis.asyncio.from_url("redis://" + valkey.partition("@")[2])

    assert await client.ping()
    with pytest.raises(redis.exceptions.AuthenticationError):
        await stranger.ping()

    await client.aclose()
    await stranger.aclose()


def test_broker_gives_back_what_was_acknowledged(
    kafka: KafkaConnection, topic: Callable[..., str]
) -> None:
    name = topic("greetings", partitions=1)
    producer = Producer(kafka.configuration() | {"acks": "all"})
    producer.produce(name, key="a", value="hello", headers={"type": b"greeting"})
    producer.flush(10)

    consumer = Consumer(
        kafka.configuration()
        | {
            "group.id": name,
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 2000,
            "heartbeat.interval.ms": 500,
        }
    )
    consumer.subscribe([name])
    [message] = consumer.consume(1, timeout=20)
    consumer.close()

    assert message.value() == b"hello"
    assert message.headers() == [("type", b"greeting")]


async def test_object_store_refuses_strangers(s3: S3) -> None:
    address = s3.endpoint.removeprefix("http://")

    assert await answers(address, "/healthz")
    assert not await answers(address, "/roost-media")


def client_of(access: S3) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=access.endpoint,
        region_name=access.region,
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


def outcome(client: Any, action: str, **arguments: Any) -> int:
    try:
        answer = getattr(client, action)(**arguments)
    except ClientError as refused:
        answer = refused.response
    status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status


# What each identity of the object store may do: by program, with its bucket and a key.
IDENTITIES = {
    "broker": [("broker", BROKER_BUCKET, "k", "rw")],
    "media": [("media", MEDIA_BUCKET, key, "rw") for key in ("u/k", "m/k/f", "p/k/f")],
    "cdn": [("cdn", MEDIA_BUCKET, key, "r") for key in ("m/k/f", "p/k/f")],
}
ALLOWED = {
    (name, bucket, key): mode for each in IDENTITIES.values() for name, bucket, key, mode in each
}


@pytest.mark.parametrize("name", IDENTITIES)
@pytest.mark.parametrize(
    ("bucket", "key"), dict.fromkeys((bucket, key) for _, bucket, key in ALLOWED)
)
async def test_each_identity_of_the_object_store_reaches_its_own_objects_alone(
    engines: Engines, s3: S3, name: str, bucket: str, key: str
) -> None:
    store = engines.seaweedfs
    owner = store.broker if bucket == BROKER_BUCKET else store.media
    client_of(owner).put_object(Bucket=bucket, Key=key, Body=b"x")
    client = client_of(getattr(store, name))
    mode = ALLOWED.get((name, bucket, key), "")
    place = {"Bucket": bucket, "Key": key}

    assert outcome(client, "get_object", **place) == (200 if "r" in mode else 403)
    assert outcome(client, "put_object", **place, Body=b"y") == (200 if "w" in mode else 403)
    assert outcome(client, "delete_object", **place) == (204 if "w" in mode else 403)
    assert outcome(client, "list_objects_v2", Bucket=bucket) == (200 if "w" in mode else 403)


@pytest.mark.parametrize("name", IDENTITIES)
async def test_no_identity_of_the_object_store_manages_buckets(
    engines: Engines, s3: S3, name: str
) -> None:
    client = client_of(getattr(engines.seaweedfs, name))
    policy = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [policy]})

    assert outcome(client, "create_bucket", Bucket="another") == 403
    for bucket in (MEDIA_BUCKET, BROKER_BUCKET):
        assert outcome(client, "delete_bucket", Bucket=bucket) == 403
        assert outcome(client, "put_bucket_policy", Bucket=bucket, Policy=text) == 403


async def test_a_browser_on_any_page_can_upload_to_a_presigned_address(s3: S3) -> None:
    place = {"Bucket": s3.bucket, "Key": "u/from-a-browser", "ContentLength": 5}
    address = client_of(s3).generate_presigned_url("put_object", Params=place, ExpiresIn=60)
    of_a_page = {"origin": "https://web.example"}
    asked = {"access-control-request-method": "PUT", "access-control-request-headers": "x"}

    async with httpx2.AsyncClient() as browser:
        preflight = await browser.options(address, headers=of_a_page | asked)
        stored = await browser.put(address, content=b"hello", headers=of_a_page)
        longer = await browser.put(address, content=b"hello!", headers=of_a_page)

    assert preflight.status_code == 200
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert stored.status_code == 200
    assert "ETag" in stored.headers["access-control-expose-headers"]
    for answer in (preflight, stored):
        assert answer.headers["access-control-allow-origin"] in ("*", of_a_page["origin"])
        assert "access-control-allow-credentials" not in answer.headers
    assert longer.status_code == 403


async def test_maintenance_of_the_object_store_runs(engines: Engines, s3: S3) -> None:
    log = engines.log("seaweedfs")

    await eventually(lambda: "Worker registered successfully" in log.read_text())

    assert "INITIAL CONNECTION FAILED" not in log.read_text()


@pytest.mark.parametrize(
    "path",
    ["/dir/assign", "/vol/grow?count=1", "/vol/vacuum", f"/col/delete?collection={MEDIA_BUCKET}"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_master_refuses_a_page_that_a_browser_of_this_machine_shows(
    engines: Engines, method: str, path: str
) -> None:
    store = engines.seaweedfs
    unproven = ssl.create_default_context()
    unproven.check_hostname = False
    unproven.verify_mode = ssl.CERT_NONE

    async with httpx2.AsyncClient() as plain, httpx2.AsyncClient(verify=unproven) as tls:
        refused = await plain.request(method, f"http://{store.master}{path}")
        with pytest.raises((httpx2.TransportError, ssl.SSLError)):
            await tls.request(method, f"https://{store.master}{path}")

    assert refused.status_code == 400
    assert await answers(store.master, "/dir/status", tls=store.tls)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_filer_refuses_a_page_that_a_browser_of_this_machine_shows(
    engines: Engines, method: str
) -> None:
    store = engines.seaweedfs
    of_a_page = {"origin": "https://evil.example"}
    path = f"/buckets/{MEDIA_BUCKET}/planted.html"
    forged = FilerCredential("another key")

    async with httpx2.AsyncClient(base_url=f"http://{store.filer}") as client:
        refused = await client.request(method, path, headers=of_a_page)
        forgery = await client.request(method, path, headers=of_a_page, auth=forged)
        ours = await client.get("/buckets/", auth=store.credential)

    assert refused.status_code == 401
    assert forgery.status_code == 401
    assert ours.status_code == 200
