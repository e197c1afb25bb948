"""SeaweedFS as the S3 store of the stack: one process, loopback only, with its own credentials."""

from __future__ import annotations

import ssl
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
from jose import jwt

from local import wheels
from local.part import Part, plain_environment
from local.ports import HOST, Ports, runtime_folder
from local.probes import answers
from local.secret_store import SecretStore

REGION = "us-east-1"  # SeaweedFS has no regions; clients need one
ACCESS_KEY = "roost"

CREDENTIAL_SECONDS = 60

BROKER_BUCKET = "roost-broker"
MEDIA_BUCKET = "roost-media"


@dataclass(frozen=True)
class S3:
    """How to reach the object store."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str = REGION


class FilerCredential(httpx2.Auth):
    """Authenticates requests to the filer by tokens that are signed with the filer's key."""

    def __init__(self, key: str) -> None:
        self._key = key

    def header(self) -> str:
        """Return a value of Authorization that is valid for a minute."""
        claims = {"exp": int(time.time()) + CREDENTIAL_SECONDS}
        return f"Bearer {jwt.encode(claims, self._key, 'HS256')}"

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Add the header to a request of httpx."""
        request.headers["authorization"] = self.header()
        yield request


class SeaweedFS(Part):
    """The server; objects are in ``folder``. It creates the buckets at its start."""

    def __init__(self, folder: Path, *, ports: Ports, secrets: SecretStore) -> None:
        super().__init__("seaweedfs", ports.address("s3"))
        self._folder = folder
        self._ports = ports
        self.filer = ports.address("seaweedfs.filer")
        """``host:port`` of the filer, which shows buckets as folders and needs the credential."""
        filer_key, volume_key = (secrets.token(f"seaweedfs.{each}") for each in ("filer", "volume"))
        self.credential = FilerCredential(filer_key)
        # The filer and the volumes answer requests of any origin. Without keys, a web page in a
        # browser on this machine could read and write all objects.
        self._keys = {
            "WEED_JWT_SIGNING_KEY": volume_key,
            "WEED_JWT_SIGNING_READ_KEY": volume_key,
            "WEED_JWT_FILER_SIGNING_KEY": filer_key,
            "WEED_JWT_FILER_SIGNING_READ_KEY": filer_key,
        }
        # The master accepts every HTTP request, even to delete a bucket's volumes, so it requires a
        # client certificate. Its components use gRPC among themselves.
        key, certificate = secrets.signing_key("seaweedfs"), secrets.certificate("seaweedfs")
        self._certificates = {
            "WEED_HTTPS_MASTER_KEY": str(key),
            "WEED_HTTPS_MASTER_CERT": str(certificate),
            "WEED_HTTPS_MASTER_CA": str(certificate),
        }
        self.master = ports.address("seaweedfs.master")
        self.tls = ssl.create_default_context(cafile=certificate)
        """Authenticates connections to ``master``."""
        self.tls.load_cert_chain(certificate, key)
        self.s3 = S3(f"http://{self.address}", ACCESS_KEY, secrets.token("s3"))

    async def prepare(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)

    def command(self) -> Sequence[str]:
        words = [
            wheels.script("weed"),
            "-logtostderr=true",
            "mini",
            f"-dir={self._folder}",
            f"-ip={HOST}",
            f"-ip.bind={HOST}",
            f"-bucket={BROKER_BUCKET},{MEDIA_BUCKET}",
            f"-s3.port={self._ports.port('s3')}",
            "-s3.iam=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.autoCreateBucket=false",
            "-webdav=false",
            "-volume.preStopSeconds=0",
            "-admin.ui=false",
            "-master.telemetry=false",
        ]
        words += [f"-s3.port.grpc={self._ports.port('s3.grpc')}"]
        # By default these are in /tmp, where a file of another user can prevent the start.
        for component, port in (("s3", "s3"), ("filer", "seaweedfs.filer")):
            socket = runtime_folder() / f"{component}-{self._ports.port(port)}.sock"
            words += [f"-{component}.localSocket={socket}"]
        for component in ("master", "volume", "filer", "admin"):
            words += [
                f"-{component}.port={self._ports.port(f'seaweedfs.{component}')}",
                f"-{component}.port.grpc={self._ports.port(f'seaweedfs.{component}.grpc')}",
            ]
        return words

    def environment(self) -> Mapping[str, str]:
        return plain_environment(
            AWS_ACCESS_KEY_ID=self.s3.access_key,
            AWS_SECRET_ACCESS_KEY=self.s3.secret_key,
            **self._keys,
            **self._certificates,
            GOMEMLIMIT="640MiB",  # garbage is collected more often from here on; no hard limit
        )

    async def is_ready(self) -> bool:
        # Its components become ready one after another. The last bucket is created some time after
        # S3 answers, and reads and writes fail until the master has registered the volumes.
        proof = {"Authorization": self.credential.header()}
        return (
            await answers(self.address, "/healthz")
            and await answers(self.filer, f"/buckets/{MEDIA_BUCKET}/?limit=1", headers=proof)
            and await answers(self.master, "/dir/assign", tls=self.tls)
        )
