"""Closed media need a token of their folder; nothing else of the store can be reached."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import httpx2
import jwt
import pytest

from services.chassis.auth.signed_paths import AUDIENCE, ISSUER
from tests.envoy.files import CONTENT, Files, Stored, send_raw
from tests.envoy.proxy import Proxy, eventually
from tests.waiting import LIMIT

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

MISSING = object()


def token(key: bytes, path: object, *, algorithm: str = "HS256", **changed: Any) -> str:
    """A token as the Media service signs it; a change replaces a claim, MISSING drops it."""
    usual = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 900, "path": path}
    claims = {name: value for name, value in (usual | changed).items() if value is not MISSING}
    return jwt.encode(claims, "" if algorithm == "none" else key, algorithm)


def with_token(signed: str, stored: Stored) -> str:
    return f"/s/{signed}/{stored.key}"


async def test_a_token_of_the_folder_opens_it(
    cdn: Proxy, media: httpx2.AsyncClient, files: Files
) -> None:
    stored = files.put("p")
    signed = token(cdn.path_key, f"/{stored.folder}/")

    first = await media.get(with_token(signed, stored))
    second = await media.get(stored.address)

    assert first.content == second.content == CONTENT


async def test_a_file_in_the_cache_needs_a_token_as_well(
    media: httpx2.AsyncClient, files: Files
) -> None:
    stored = files.put("p")
    assert (await media.get(stored.address)).status_code == 200

    answer = await media.get(f"/{stored.key}")

    assert answer.status_code == 404


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"path": "/p/another/"}, id="of another folder"),
        pytest.param({"path": MISSING}, id="without a path"),
        pytest.param({"path": None}, id="path null"),
        pytest.param({"path": ""}, id="path empty"),
        pytest.param({"path": 1}, id="path a number"),
        pytest.param({"path": ["/p/"]}, id="path a list"),
        pytest.param({"path": {"a": "/p/"}}, id="path an object"),
        pytest.param({"path": "/"}, id="of everything"),
        pytest.param({"path": "/p/"}, id="of all closed folders"),
        pytest.param({"path": "/m/"}, id="of the open folders"),
        pytest.param({"path": "p/"}, id="path without a slash"),
        pytest.param({"exp": MISSING}, id="that never expires"),
        pytest.param({"exp": int(time.time()) - 5}, id="expired"),
        pytest.param({"exp": "tomorrow"}, id="expiry a text"),
        pytest.param({"nbf": int(time.time()) + 3600}, id="of the future"),
        pytest.param({"aud": "roost"}, id="for the API"),
        pytest.param({"aud": MISSING}, id="without an audience"),
        pytest.param({"iss": "https://roost.local"}, id="of the User service"),
        pytest.param({"iss": MISSING}, id="without an issuer"),
        pytest.param({"algorithm": "none"}, id="unsigned"),
        pytest.param({"algorithm": "HS384"}, id="HS384"),
        pytest.param({"algorithm": "HS512"}, id="HS512"),
        pytest.param({"key": bytes(32)}, id="of another key"),
    ],
)
@pytest.mark.filterwarnings("ignore:The HMAC key")
async def test_a_forged_token_opens_nothing(
    cdn: Proxy, media: httpx2.AsyncClient, files: Files, changed: dict[str, Any]
) -> None:
    stored = files.put("p")
    given = {"key": cdn.path_key, "path": f"/{stored.folder}/"} | changed
    signed = token(given.pop("key"), given.pop("path"), **given)

    answer = await media.get(with_token(signed, stored))

    assert answer.status_code in {403, 404}  # an empty signature is no token, so no such path
    assert CONTENT not in answer.content
    assert answer.headers["cache-control"] == "no-store"
    assert "www-authenticate" not in answer.headers


async def test_an_expired_address_says_so(
    cdn: Proxy, media: httpx2.AsyncClient, files: Files
) -> None:
    stored = files.put("p")
    expired = token(cdn.path_key, f"/{stored.folder}/", exp=int(time.time()) - 5)
    forged = token(bytes(32), f"/{stored.folder}/")

    answers = [await media.get(with_token(each, stored)) for each in (expired, forged)]

    assert [each.status_code for each in answers] == [403, 403]
    assert [each.text for each in answers] == [
        "This address has expired; request a new one.\n",
        "This address is not valid.\n",
    ]


async def test_a_changed_signature_opens_nothing(
    cdn: Proxy, media: httpx2.AsyncClient, files: Files
) -> None:
    stored = files.put("p")
    head, claims, signature = token(cdn.path_key, f"/{stored.folder}/").split(".")
    last = "A" if signature[0] != "A" else "B"

    for signed in (f"{head}.{claims}.{last}{signature[1:]}", f"{head}.{claims}.{signature[:-2]}"):
        assert (await media.get(with_token(signed, stored))).status_code == 403


async def test_a_folder_whose_name_only_begins_alike_is_another_one(
    cdn: Proxy, media: httpx2.AsyncClient, files: Files
) -> None:
    mine = files.put("p")
    other = files.put_at(Stored(f"{mine.folder}9", mine.file, ""))
    signed = token(cdn.path_key, f"/{mine.folder}/")

    assert (await media.get(with_token(signed, mine))).status_code == 200
    assert (await media.get(with_token(signed, other))).status_code == 403


@pytest.mark.parametrize(
    "header", ["x-media-token", "x-media-folder", "authorization", "x-envoy-original-path"]
)
async def test_a_token_in_a_header_opens_nothing(
    cdn: Proxy, media: httpx2.AsyncClient, files: Files, header: str
) -> None:
    stored = files.put("p")
    signed = token(cdn.path_key, f"/{stored.folder}/")
    values = {"authorization": f"Bearer {signed}"}
    headers = {header: values.get(header, signed)}

    bare = await media.get(f"/{stored.key}", headers=headers)
    forged = await media.get(with_token(token(bytes(32), "/p/"), stored), headers=headers)

    assert (bare.status_code, forged.status_code) == (404, 403)


async def test_a_token_in_the_query_opens_nothing(
    cdn: Proxy, media: httpx2.AsyncClient, files: Files
) -> None:
    stored = files.put("p")
    signed = token(cdn.path_key, f"/{stored.folder}/")

    answer = await media.get(f"/{stored.key}", params={"access_token": signed, "token": signed})

    assert answer.status_code == 404


PATHS = [
    "/",
    "/m",
    "/m/",
    "/m/{open}",
    "/m/{open}/",
    "/m/?list-type=2&prefix=p",
    "/m/{open}/?uploads",
    "/m/{open}/large.webp/",
    "/m/{open}/a/large.webp",
    "/m/{open}/.hidden",
    "/p/{closed}/large.webp",
    "/M/{open}/large.webp",
    "//p/{closed}/large.webp",
    "/m//../p/{closed}/large.webp",
    "/m/../p/{closed}/large.webp",
    "/m/x/../../p/{closed}/large.webp",
    "/m/x/../../u/{original}/large.webp",
    "/m/%2e%2e/p/{closed}/large.webp",
    "/m/%2E%2E/%70/{closed}/large.webp",
    "/m/..%2fp/{closed}/large.webp",
    "/m/..%2Fp%2F{closed}%2Flarge.webp",
    "/m/..%5cp/{closed}/large.webp",
    "/m/..\\p\\{closed}\\large.webp",
    "/m/%252e%252e/p/{closed}/large.webp",
    "/m/{open}/..;/../p/{closed}/large.webp",
    "/m/{open}/large.webp%00.png",
    "/m/{open}/large.webp;x",
    "/m/{open}/large%2ewebp%3fx",
    "/s/{token}/m/{open}/large.webp",
    "/s/{token}/u/{original}/large.webp",
    "/s/{token}/p/{closed}/../../u/{original}/large.webp",
    "/s/{token}/p/{closed}/../{other}/large.webp",
    "/s/{token}/p/{closed}/%2e%2e/{other}/large.webp",
    "/s/{token}/p/{closed}//../{other}/large.webp",
    "/s/{token}/{token}/p/{closed}/large.webp",
    "/s/{token}x/y/p/{closed}/large.webp",
    "/s//p/{closed}/large.webp",
    "/s/../p/{closed}/large.webp",
    "/u/{original}/large.webp",
    "/roost-media/m/{open}/large.webp",
    "/roost-media/p/{closed}/large.webp",
    "/roost-media/",
    "/roost-broker/",
    "/roost-broker/clusters/roost/meta.json",
    "/buckets/roost-media/m/{open}/large.webp",
    "/healthz",
    "/metrics",
    "/status",
    "http://media.example/p/{closed}/large.webp",
    "*",
]


@pytest.mark.parametrize("path", PATHS)
async def test_no_other_path_reaches_the_store(cdn: Proxy, files: Files, path: str) -> None:
    opened, closed, other = files.put(), files.put("p"), files.put("p")
    original = files.put_at(files.unknown("u"))
    before = await cdn.count("cluster.media_store.upstream_rq_total")

    answer = await send_raw(
        cdn.media,
        "GET",
        path.format(
            open=opened.folder[2:],
            closed=closed.folder[2:],
            other=other.folder[2:],
            original=original.folder[2:],
            token=token(cdn.path_key, f"/{closed.folder}/"),
        ),
    )

    assert answer.status_code in {400, 403, 404}
    assert CONTENT not in answer.content
    assert await cdn.count("cluster.media_store.upstream_rq_total") == before


async def test_an_open_path_is_brought_into_its_one_form(cdn: Proxy, files: Files) -> None:
    stored = files.put()

    for path in (f"/x/..{stored.address}", f"/{stored.address}", f"/%6d{stored.address[2:]}"):
        answer = await send_raw(cdn.media, "GET", path)

        assert (answer.status_code, answer.content) == (200, CONTENT), path


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("get_object", {"Key": "u/original"}),
        ("put_object", {"Key": "m/planted", "Body": b"x"}),
        ("delete_object", {"Key": "m/planted"}),
        ("list_objects_v2", {}),
        ("list_multipart_uploads", {}),
        ("get_bucket_acl", {}),
        ("get_object", {"Bucket": "roost-broker", "Key": "x"}),
        ("list_objects_v2", {"Bucket": "roost-broker"}),
    ],
)
async def test_the_identity_of_the_listener_reads_media_and_nothing_else(
    cdn: Proxy, reader: Files, action: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(reader.client.exceptions.ClientError) as refused:
        getattr(reader.client, action)(**{"Bucket": reader.bucket, **arguments})

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


async def test_no_log_line_has_a_token(cdn: Proxy, media: httpx2.AsyncClient, files: Files) -> None:
    stored = files.put("p")
    good = token(cdn.path_key, f"/{stored.folder}/")
    marks = [good.split(".")[2], *(f"QUOKKA{number}" for number in range(5))]
    await media.get(with_token(good, stored))
    for path in (
        f"/s/{marks[1]}/p/{stored.folder[2:]}/a",
        f"/s/a.b.{marks[2]}/p/{stored.folder[2:]}/large.webp",
        f"/s/a.b.{marks[3]}/p/..%2fx",
        f"/s/a.b.{marks[4]}/p/a?{marks[4]}",
        f"http://{marks[5]}@media/s/{marks[5]}/p/a/b",
    ):
        await send_raw(cdn.media, "GET", path, referer=marks[5], cookie=marks[5])
    last = files.put()
    await media.get(last.address)

    await eventually(lambda: last.key in cdn.log.read_text())

    text = cdn.log.read_text()
    [line] = [each for each in text.splitlines() if f'"/{stored.key}"' in each and "200" in each]
    assert json.loads(line)["path"] == f"/{stored.key}"
    assert [each for each in marks if each in text] == []


async def test_the_readable_admin_page_shows_no_secret(cdn: Proxy, reader: Files) -> None:
    async with httpx2.AsyncClient(base_url=f"http://{cdn.admin}", timeout=LIMIT) as admin:
        dump = (await admin.get("/config_dump")).text

    assert "media_store" in dump
    keys = re.findall(r'"k": ?"', dump)
    assert keys == []
    assert cdn.path_key.hex() not in dump
    assert reader.secret not in dump
