"""Chooses the broker of a stack: Tansu from a wheel, or Apache Kafka."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from local.parts.apache_kafka import ApacheKafka
from local.parts.broker import Broker
from local.parts.seaweedfs import SeaweedFS
from local.parts.tansu import Tansu
from local.ports import Ports

# The folder that holds Apache Kafka's jars; `make test-kafka` fills one and sets it.
SETTING = "ROOST_APACHE_KAFKA"


def choose(
    environ: Mapping[str, str],
    *,
    folder: Path,
    ports: Ports,
    storage: SeaweedFS,
    topics: Sequence[str] = (),
    partitions: int = 1,
    consumers: Mapping[str, Sequence[str]] | None = None,
) -> Broker:
    """Return Apache Kafka, with its log in ``folder``, if its jars are set, else Tansu."""
    libraries = environ.get(SETTING)
    if libraries:
        return ApacheKafka(
            folder,
            ports=ports,
            libraries=Path(libraries).resolve(),
            topics=topics,
            partitions=partitions,
        )
    return Tansu(
        ports=ports, storage=storage, topics=topics, partitions=partitions, consumers=consumers
    )
