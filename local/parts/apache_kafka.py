"""Apache Kafka as the broker: one node that is its own controller. It needs a JVM."""

from __future__ import annotations

import base64
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

from local import oneshot
from local.part import CannotStart, plain_environment
from local.parts.broker import Broker
from local.ports import HOST, Ports

# The settings of a single node; the others have the defaults of Apache Kafka.
CONFIGURATION = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=BROKER://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=BROKER://{host}:{port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs={data}
# There is no other node to keep a replica.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# Few partitions are fewer files to open before a group can form.
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
# As in production: a topic that was not created is a mistake.
auto.create.topics.enable=false
"""

# Little memory, and little CPU at the start.
JVM = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
LOGGING = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"


class ApacheKafka(Broker):
    """The server from the jars in ``libraries``; its log is in ``folder``."""

    idempotence = True
    long_polls = True
    stop_seconds = 30.0  # it closes its log, which makes the next start faster

    def __init__(
        self,
        folder: Path,
        *,
        ports: Ports,
        libraries: Path,
        topics: Sequence[str] = (),
        partitions: int = 1,
    ) -> None:
        super().__init__(ports=ports, topics=topics, partitions=partitions)
        self._folder = folder
        self._libraries = libraries
        self._port = ports.port("broker")
        self._controller_port = ports.port("broker.controller")

    async def prepare(self) -> None:
        data = self._folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        self._configuration.write_text(self.configuration(data))
        if not (data / "meta.properties").exists():
            words = ("kafka.tools.StorageTool", "format", "--ignore-formatted", "--cluster-id")
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            await oneshot.run(
                "formatting its log",
                self._java(
                    *words, cluster, "--config", str(self._configuration), *self.format_arguments()
                ),
                environment=plain_environment(),
            )

    def configuration(self, data: Path) -> str:
        """The settings of the server, with its log in ``data``."""
        return CONFIGURATION.format(
            host=HOST, port=self._port, controller_port=self._controller_port, data=data
        )

    def format_arguments(self) -> Sequence[str]:
        """Further arguments of the program that formats the log."""
        return ()

    def command(self) -> Sequence[str]:
        return self._java("kafka.Kafka", str(self._configuration))

    def _java(self, *words: str) -> Sequence[str]:
        java = shutil.which("java")
        if java is None:
            raise CannotStart("Java is not installed")
        if not any(self._libraries.glob("kafka_*.jar")):
            raise CannotStart(f"Apache Kafka's jars are not in {self._libraries}")
        return [java, *JVM, LOGGING, "-cp", f"{self._libraries}/*", *words]

    @property
    def _configuration(self) -> Path:
        return self._folder / "server.properties"
