"""SeaweedFS as the S3 store of the stack: one process, loopback only, with an identity for each
program that uses it."""

from __future__ import annotations

import json
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

CREDENTIAL_SECONDS = 60
# Its maintenance worker looks for the admin server's gRPC port here, whatever -admin.port.grpc is.
ADMIN_GRPC_DISTANCE = 10_000

BROKER_BUCKET = "roost-broker"
MEDIA_BUCKET = "roost-media"
# The folders of the media bucket whose files are served; originals are in others.
SERVED = ("m", "p")


@dataclass(frozen=True)
class S3:
    """How a program reaches its bucket in the object store."""

    endpoint: str
    bucket: str
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
    """The server; objects are in ``folder``. It creates the buckets at its start.

    No identity may do more than its program needs: none may create buckets, change their settings
    or see another bucket.
    """

    def __init__(self, folder: Path, *, ports: Ports, secrets: SecretStore) -> None:
        super().__init__("seaweedfs", ports.address("s3"))
        self._folder = folder
        self._ports = ports
        self._secrets = secrets
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
        self.broker = self._access("broker", BROKER_BUCKET)
        self.media = self._access("media", MEDIA_BUCKET)
        self.cdn = self._access("cdn", MEDIA_BUCKET)
        """Reads the files that are served."""
        self._config = secrets.file("seaweedfs.s3.json", self._identities())

    def _access(self, name: str, bucket: str) -> S3:
        secret = self._secrets.token(f"s3.{name}")
        return S3(f"http://{self.address}", bucket, f"roost-{name}", secret)

    def _identities(self) -> str:
        read = [f"Read:{MEDIA_BUCKET}/{folder}/*" for folder in SERVED]
        actions = {self.broker: _all(BROKER_BUCKET), self.media: _all(MEDIA_BUCKET), self.cdn: read}
        identities = [
            {
                "name": access.access_key,
                "credentials": [{"accessKey": access.access_key, "secretKey": access.secret_key}],
                "actions": allowed,
            }
            for access, allowed in actions.items()
        ]
        return json.dumps({"identities": identities})

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
            f"-s3.config={self._config}",
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
        for component in ("master", "volume", "filer"):
            words += [
                f"-{component}.port={self._ports.port(f'seaweedfs.{component}')}",
                f"-{component}.port.grpc={self._ports.port(f'seaweedfs.{component}.grpc')}",
            ]
        admin = self._ports.port_below("seaweedfs.admin", distance=ADMIN_GRPC_DISTANCE)
        words += [f"-admin.port={admin}", f"-admin.port.grpc={admin + ADMIN_GRPC_DISTANCE}"]
        return words

    def environment(self) -> Mapping[str, str]:
        return plain_environment(
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


def _all(bucket: str) -> list[str]:
    return [f"{action}:{bucket}" for action in ("Read", "Write", "List")]
