"""Brokers with TLS and SASL: what is right connects, and what is wrong is named.

They need Apache Kafka: the embedded broker speaks plain text only.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from services.chassis.deployment import topics
from services.chassis.deployment.topics import TopicsFailed
from services.chassis.events.bus import KafkaConnection, publisher
from services.chassis.events.bus.producer import PublishFailed
from tests.engines import Engines
from tests.secured_kafka import PASSWORD, Authority, SecuredKafka
from tests.stores.chassis.listening import LIMIT, Listener, Topic, said, subscribed
from tests.waiting import eventually

Spoil = Callable[[KafkaConnection, Path], KafkaConnection]


@pytest.fixture
def broker(engines: Engines, kafka: KafkaConnection) -> SecuredKafka:
    if not isinstance(engines.broker, SecuredKafka):
        pytest.skip("the broker has no TLS: see `make test-kafka`")
    return engines.broker


def with_wrong_password(connection: KafkaConnection, _: Path) -> KafkaConnection:
    return replace(connection, password="wrong")


def with_wrong_authority(connection: KafkaConnection, folder: Path) -> KafkaConnection:
    return replace(connection, ca_file=Authority(folder / "other").ca)


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
async def test_events_travel_over_tls_with_a_password(
    broker: SecuredKafka, topic: Topic, mechanism: str
) -> None:
    await carries_events(replace(broker.connection, sasl_mechanism=mechanism), topic())


async def test_events_travel_over_tls_with_a_certificate_of_the_client(
    broker: SecuredKafka, topic: Topic
) -> None:
    await carries_events(broker.mutual, topic())


async def carries_events(connection: KafkaConnection, name: str) -> None:
    listener = Listener()
    async with (
        publisher(connection=connection, client_id="test") as sender,
        subscribed(connection, name, sender, listener.routes) as member,
    ):
        await sender.publish([said(name, "k", "hello")])
        await eventually(lambda: listener.received == {"k": ["hello"]}, limit=LIMIT)
        assert member.unready() is None


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (with_wrong_password, "uthentication"),
        (with_wrong_authority, "certificate verify failed"),
    ],
)
async def test_wrong_secret_is_named_by_readiness_publisher_and_topics(
    broker: SecuredKafka,
    topic: Topic,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Spoil,
    reason: str,
) -> None:
    wrong, name = spoil(broker.connection, tmp_path), topic()
    monkeypatch.setattr(topics, "LIMIT_SECONDS", 3.0)

    with pytest.raises(TopicsFailed, match=reason) as refused:
        await asyncio.to_thread(topics.create, wrong, [name])
    async with (
        publisher(connection=wrong, client_id="test", delivery_seconds=2.0) as sender,
        subscribed(wrong, name, sender) as member,
    ):
        with pytest.raises(PublishFailed):
            await sender.publish([said(name, "k", "never")])
        await eventually(lambda: reason in (member.unready() or ""), limit=LIMIT)

    assert PASSWORD not in str(refused.value)


async def test_client_without_a_certificate_is_refused_where_one_is_required(
    broker: SecuredKafka, topic: Topic
) -> None:
    anonymous = replace(broker.mutual, certificate_file=None, key_file=None)
    name = topic()
    async with (
        publisher(connection=anonymous, client_id="test", delivery_seconds=2.0) as sender,
        subscribed(anonymous, name, sender) as member,
    ):
        await eventually(lambda: "certificate" in (member.unready() or ""), limit=LIMIT)
