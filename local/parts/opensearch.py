"""OpenSearch, one node that is put together from its published jars. It needs a JVM."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2

from local.part import CannotStart, Part, ordinary_user, plain_environment
from local.ports import HOST, Ports

# The folder that holds OpenSearch's jars; `make test-opensearch` fills one and sets it.
SETTING = "ROOST_OPENSEARCH_JARS"

CONFIGURATION = """\
cluster.name: roost
node.name: roost
network.host: {host}
http.port: {port}
transport.port: {transport_port}
discovery.type: single-node
path.data: {folder}/data
path.logs: {folder}/logs
# As in production: an index that was not created is a mistake.
action.auto_create_index: false
# A full disk of a developer must not make the index read-only.
cluster.routing.allocation.disk.threshold_enabled: false
"""
LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %c{{1}} %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""
# Little memory, and little CPU at the start.
JVM = (
    "-Xms512m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.security.manager=allow",
    "-Dlog4j.shutdownHookEnabled=false",
    "-Dlog4j2.disable.jmx=true",
    "-Dlog4j2.formatMsgNoLookups=true",
    "-Dopensearch.networkaddress.cache.ttl=60",
    "-Dopensearch.distribution.type=tar",
    "-Dopensearch.bundled_jdk=false",
)
_MAIN = "org.opensearch.bootstrap.OpenSearch"


@dataclass(frozen=True)
class Module:
    """A module of the server: jars that get a class loader and a security policy of their own."""

    name: str
    description: str
    main: str
    jars: tuple[str, ...]
    policy: str = ""


# The permissions that Netty needs to listen and to read the settings of sockets.
_NETTY_POLICY = """\
grant {
  permission java.net.SocketPermission "*", "accept,connect,listen,resolve";
  permission java.util.PropertyPermission "*", "read,write";
  permission java.lang.RuntimePermission "*";
  permission java.lang.reflect.ReflectPermission "suppressAccessChecks";
  permission java.io.FilePermission "/proc/sys/net/core/somaxconn", "read";
  permission java.io.FilePermission "/etc/os-release", "read";
  permission java.io.FilePermission "/usr/lib/os-release", "read";
};
"""
MODULES = (
    Module(
        "transport-netty4",
        "HTTP and transport by Netty",
        "org.opensearch.transport.Netty4Plugin",
        ("netty-", "transport-netty4-client-"),
        _NETTY_POLICY,
    ),
    Module(
        "analysis-common",
        "Tokenizers and token filters",
        "org.opensearch.analysis.common.CommonAnalysisPlugin",
        ("analysis-common-",),
    ),
)


def choose(environ: Mapping[str, str], *, folder: Path, ports: Ports) -> OpenSearch | None:
    """Return OpenSearch, with its data in ``folder``, if its jars are set."""
    libraries = environ.get(SETTING)
    if not libraries:
        return None
    return OpenSearch(folder, ports=ports, libraries=Path(libraries).resolve())


class OpenSearch(Part):
    """The server from the jars in ``libraries``; everything that it writes is in ``folder``.

    It has no security module: it listens on loopback alone. ``url`` is its address over HTTP.
    """

    stop_seconds = 30.0

    def __init__(self, folder: Path, *, ports: Ports, libraries: Path) -> None:
        super().__init__("opensearch", ports.address("opensearch"))
        self.url = f"http://{self.address}"
        self._folder = folder
        self._libraries = libraries
        self._port = ports.port("opensearch")
        self._transport_port = ports.port("opensearch.transport")
        self.run_as = ordinary_user(folder, "opensearch")

    async def prepare(self) -> None:
        version = self._version()
        for name in ("config", "data", "logs", "tmp", "plugins"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        self._lay_out(version)
        (self._folder / "config/opensearch.yml").write_text(
            CONFIGURATION.format(
                host=HOST,
                port=self._port,
                transport_port=self._transport_port,
                folder=self._folder,
            )
        )
        (self._folder / "config/log4j2.properties").write_text(LOGGING.format())
        if self.run_as is not None:
            for path in (self._folder, *self._folder.rglob("*")):
                os.chown(path, self.run_as.uid, self.run_as.gid, follow_symlinks=False)

    def command(self) -> Sequence[str]:
        java = shutil.which("java")
        if java is None:
            raise CannotStart("Java is not installed")
        home = self._folder
        return [
            java,
            *JVM,
            f"-Djava.io.tmpdir={home / 'tmp'}",
            f"-Dopensearch.path.home={home}",
            f"-Dopensearch.path.conf={home / 'config'}",
            "-cp",
            f"{home / 'lib'}/*",
            _MAIN,
        ]

    def environment(self) -> Mapping[str, str]:
        return plain_environment(HOME=str(self._folder))

    async def is_ready(self) -> bool:
        async with httpx2.AsyncClient() as client:
            try:
                answer = await client.get(f"{self.url}/_cluster/health", timeout=5.0)
            except httpx2.HTTPError:
                return False
        return answer.status_code == httpx2.codes.OK

    def _version(self) -> str:
        servers = sorted(self._libraries.glob("opensearch-[0-9]*.jar"))
        if not servers:
            raise CannotStart(f"OpenSearch's jars are not in {self._libraries}")
        return servers[-1].stem.removeprefix("opensearch-")

    def _lay_out(self, version: str) -> None:
        """Put each jar where the server looks for it: ``lib``, or the folder of its module."""
        for name in ("lib", "modules"):
            shutil.rmtree(self._folder / name, ignore_errors=True)
        (self._folder / "lib").mkdir()
        for module in MODULES:
            folder = self._folder / "modules" / module.name
            folder.mkdir(parents=True)
            (folder / "plugin-descriptor.properties").write_text(
                f"name={module.name}\ndescription={module.description}\nversion={version}\n"
                f"opensearch.version={version}\njava.version=11\nclassname={module.main}\n"
                "has.native.controller=false\n"
            )
            if module.policy:
                (folder / "plugin-security.policy").write_text(module.policy)
        for jar in self._libraries.glob("*.jar"):
            owner = next((each for each in MODULES if jar.name.startswith(each.jars)), None)
            place = "lib" if owner is None else f"modules/{owner.name}"
            # A copy: its security policy names files by their real paths.
            shutil.copyfile(jar, self._folder / place / jar.name)
