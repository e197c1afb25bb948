"""schemathesis over the OpenAPI document: no server error, and nothing that it denies."""

import asyncio
import importlib.util
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest
from google.protobuf.message import Message
from roost.media.v1.media_service_pb2 import StartUploadResponse
from roost.user.v1.auth_service_pb2 import GetJwksResponse, JsonWebKey

from gateway.api.versions import VERSIONS
from gateway.views.version import Version
from services.chassis.auth.caller import UserCaller
from tests.gateway.fakes import FakeServices
from tests.gateway.processes import running
from tests.gateway.route_cases import CASES
from tests.gateway.samples import ALICE, upload
from tests.servicers.grpc_server import USER_KEY, token_of

EXAMPLES = 5
SECONDS = 600.0
CONFIG = Path(__file__).parents[3] / "schemathesis.toml"


@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.prefix)
@pytest.mark.skipif(
    importlib.util.find_spec("schemathesis") is None, reason="schemathesis is not installed"
)
async def test_no_request_is_a_server_error_or_breaks_the_document(
    services: FakeServices, version: Version
) -> None:
    services.answer("GetJwks", GetJwksResponse(keys=[JsonWebKey(**USER_KEY.public_jwk())]))
    for case in CASES:
        services.answer(case.rpc, last_page(case.answer))
        for rpc, answer in case.also.items():
            services.answer(rpc, answer)
    # There is no object store here, so no upload has parts to put there.
    started = StartUploadResponse(medium_id=7, upload=upload(7))
    services.answer("StartUpload", started)

    async with running(services) as (_, http):
        document = str(http.base_url.join(f"{version.prefix}/openapi.json"))
        fuzzing = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
            *("run", document),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES)),
            *("--header", f"Authorization: Bearer {token_of(UserCaller(ALICE, 501))}"),
            # Not every rule can be said in a schema: what fits it may still be refused, by 4xx.
            *("--exclude-checks", "positive_data_acceptance"),
            *("--request-timeout", "30", "--no-color"),
            stdout=PIPE,
            stderr=STDOUT,
        )
        report, _ = await asyncio.wait_for(fuzzing.communicate(), SECONDS)

    assert fuzzing.returncode == 0, report.decode()


def last_page(answer: Message) -> Message:
    """The answer without a next page: fakes know only one, and fillers would ask for more."""
    copy = type(answer).FromString(answer.SerializeToString())
    if "next_page_token" in answer.DESCRIPTOR.fields_by_name:
        copy.ClearField("next_page_token")
    return copy
