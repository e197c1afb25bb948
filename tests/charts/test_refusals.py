"""A mistake in values is refused by a sentence that names it."""

from __future__ import annotations

import pytest

from services.chassis.runtime.manifest import deployed
from tests.charts.rendering import SETS, refusal, rendered, template


@pytest.mark.parametrize("value", ["publicUrl", "mediaUrl", "s3.endpoint"])
def test_a_required_address_is_missing(value: str) -> None:
    assert f"{value} must be set" in refusal(f'{value}=""')


def test_the_brokers_are_missing() -> None:
    assert "kafka.brokers must be set" in refusal("kafka.brokers=[]")


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        ("gateway.replica=3", "at '/gateway': additional properties 'replica' not allowed"),
        ("extra=true", "at '': additional properties 'extra' not allowed"),
        ('services.post.serve.autoscaling.max="3"', "additional properties 'max' not allowed"),
        ('workerScaling="cpu"', "at '/workerScaling': value must be one of"),
        ('publicUrl="https://roost.example/api"', "at '/publicUrl'"),
        ("traces.ratio=1.5", "at '/traces/ratio'"),
        ("envoy.settings.RATE_READS=600", "got number, want string"),
        ('services.likes.env={"A": "b"}', "at '/services/likes/env'"),
        ("services.likes.enabled=true", "services.likes: there is no such service"),
        ('existingSecrets.posts="mine"', "existingSecrets.posts: no Secret belongs to it"),
        ('envoy.settings.RATE_TEA="1"', "envoy.settings.RATE_TEA is no value"),
        ('services.post.env.ROOST_TEA="1"', "ROOST_TEA is no setting of post"),
        ('gateway.secretEnv.ROOST_TEA="tea"', "ROOST_TEA is no setting of gateway"),
        ('kafka.security="sasl_ssl"', "kafka.saslMechanism must be set"),
        ('kafka.saslMechanism="PLAIN"', "kafka.saslMechanism must be set"),
        ("kafka.ca=true", "need kafka.security ssl or sasl_ssl"),
        ("kafka.topics.minInsyncReplicas=4", "must not be more than"),
        ('sharding.services=["search"]', "search has no database that can be distributed"),
        ('sharding.services=["likes"]', "likes has no database that can be distributed"),
        ("sharding.shards=513", "at '/sharding/shards'"),
        ('search.engine="opensearch"', "search.opensearchUrl must be set"),
        ("envoy.autoscaling.minReplicas=11", "envoy: autoscaling.minReplicas must not be more"),
        ("gateway.autoscaling.minReplicas=21", "gateway: autoscaling.minReplicas must not be more"),
    ],
)
def test_a_mistake_is_named(mistake: str, sentence: str) -> None:
    assert sentence in refusal(mistake)


def test_the_services_that_exist_are_named() -> None:
    named = refusal("services.likes.enabled=true")

    assert all(each.noun in named for each in deployed() if each.processes)


@pytest.mark.parametrize("scaled", [True, False])
def test_workers_may_not_be_more_than_partitions(scaled: bool) -> None:
    value = "autoscaling.maxReplicas" if scaled else "replicas"
    common = f"serviceDefaults.work.autoscaling.enabled={str(scaled).lower()}"

    said = template(SETS["smallest"], sets=(common, f"services.timeline.work.{value}=13")).stderr

    assert "timeline-work may have 13 replicas, but only kafka.topics.partitions = 12" in said
    assert rendered("smallest", common, f"services.timeline.work.{value}=12")


def test_processes_of_a_service_may_not_be_more_than_worker_numbers() -> None:
    most = "services.user.serve.autoscaling.maxReplicas={}"

    # 12 workers; during a rollout a pod of each process is new, and another one is ending.
    assert "services.user may have 65 processes with a worker number" in refusal(most.format(49))
    assert rendered("smallest", most.format(48))


def test_an_ingress_is_a_trusted_proxy() -> None:
    assert "envoy.trustedProxies must be 1 or more" in refusal("ingress.enabled=true")
    assert rendered("smallest", "ingress.enabled=true", "envoy.trustedProxies=1")


def test_a_name_that_is_too_long_for_services_is_refused() -> None:
    said = template(SETS["smallest"], release="a-release-with-a-name-that-is-much-too-long").stderr

    assert "is longer than 45 characters" in said
