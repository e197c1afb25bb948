"""The command `topics` on a real broker: it creates what is missing and changes nothing else."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from confluent_kafka.admin import AdminClient

from services.chassis.deployment import __main__ as deployment
from services.chassis.deployment import topics
from services.chassis.deployment.topics import TopicsFailed
from services.chassis.events.bus import KafkaConnection, dead_letter_topic
from services.chassis.runtime.manifest import consumers, deployed
from tests.waiting import LIMIT

_numbers = count(1)


@pytest.fixture
def name() -> str:
    """The name of a topic that does not exist."""
    return f"test.topics.{next(_numbers)}"


@pytest.fixture
def environment(kafka: KafkaConnection, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for setting, value in {
        "BROKERS": ",".join(kafka.brokers),
        "SECURITY": kafka.security,
        "CA_FILE": kafka.ca_file,
        "SASL_MECHANISM": kafka.sasl_mechanism,
        "USERNAME": kafka.username,
        "PASSWORD": kafka.password,
    }.items():
        if value is not None:
            monkeypatch.setenv(f"ROOST_KAFKA_{setting}", str(value))
    return monkeypatch


def partitions_of(kafka: KafkaConnection, name: str) -> int:
    found = AdminClient(kafka.configuration()).list_topics(name, LIMIT)
    return len(found.topics[name].partitions)


def test_command_creates_every_topic_of_services_and_a_second_run_nothing(
    kafka: KafkaConnection, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    existing = set(AdminClient(kafka.configuration()).list_topics(timeout=LIMIT).topics)
    missing = [each for each in topics.names() if each not in existing]

    first = deployment.main(["topics"])
    second = deployment.main(["topics"])

    found = AdminClient(kafka.configuration()).list_topics(timeout=LIMIT).topics
    expected = "All topics exist already."
    created = f"Created {', '.join(missing)}." if missing else expected
    assert (first, second) == (0, 0)
    assert capsys.readouterr().out.splitlines() == [created, expected]
    for topic in consumers(deployed()):
        assert topic in found
        assert dead_letter_topic(topic) in found


def test_new_topic_has_the_partitions_that_are_wanted(kafka: KafkaConnection, name: str) -> None:
    assert topics.create(kafka, [name], partitions=3, min_insync=1) == [name]

    assert partitions_of(kafka, name) == 3


def test_existing_topic_with_more_partitions_stays_as_it_is(
    kafka: KafkaConnection, name: str
) -> None:
    topics.create(kafka, [name], partitions=3)

    assert topics.create(kafka, [name], partitions=2) == []

    assert partitions_of(kafka, name) == 3


def test_existing_topic_with_fewer_partitions_is_refused_and_stays_as_it_is(
    kafka: KafkaConnection, name: str
) -> None:
    topics.create(kafka, [name], partitions=2)

    with pytest.raises(TopicsFailed, match=f"{name} has 2 partitions, not 3") as refused:
        topics.create(kafka, [name], partitions=3)

    assert "ROOST_TOPIC_PARTITIONS=2" in str(refused.value)
    assert partitions_of(kafka, name) == 2


def test_two_that_create_the_same_topics_at_once_both_succeed(
    kafka: KafkaConnection, name: str
) -> None:
    wanted = [f"{name}.{number}" for number in range(4)]

    with ThreadPoolExecutor(4) as threads:
        runs = [threads.submit(topics.create, kafka, wanted, partitions=2) for _ in range(4)]
        created = [each for run in runs for each in run.result()]

    assert set(created) == set(wanted)
    assert all(partitions_of(kafka, each) == 2 for each in wanted)


def test_command_without_a_broker_says_so_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROOST_KAFKA_BROKERS", "127.0.0.1:1")
    monkeypatch.setattr(topics, "LIMIT_SECONDS", 1.0)

    code = deployment.main(["topics"])

    (sentence,) = capsys.readouterr().err.splitlines()
    assert code == 1
    assert sentence.startswith("The brokers 127.0.0.1:1 cannot be used: ")
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        (
            "ROOST_TOPIC_PARTITIONS",
            "0",
            "ROOST_TOPIC_PARTITIONS is wrong: it must be greater than or equal to 1.",
        ),
        (
            "ROOST_TOPIC_MIN_INSYNC",
            "2",
            "ROOST_TOPIC_MIN_INSYNC=2 is more than ROOST_TOPIC_REPLICATION=1.",
        ),
    ],
)
def test_command_with_a_wrong_setting_names_it(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    setting: str,
    value: str,
    sentence: str,
) -> None:
    monkeypatch.setenv("ROOST_KAFKA_BROKERS", "127.0.0.1:1")
    monkeypatch.setenv(setting, value)

    with pytest.raises(SystemExit) as ended:
        deployment.main(["topics"])

    assert ended.value.code == 2
    assert capsys.readouterr().err == sentence + "\n"
