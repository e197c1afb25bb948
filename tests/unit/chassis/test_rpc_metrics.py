"""The meters of RPCs, as Prometheus reads them."""

import grpc
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from services.chassis.rpc import metrics as metrics_module
from services.chassis.rpc.metrics import RpcMetrics

METHOD = {"method": "/roost.post.v1.PostService/GetPost"}


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock shows next, and after that."""
    shown: list[float] = []
    monkeypatch.setattr(metrics_module, "perf_counter", lambda: shown.pop(0))
    return shown


def test_calls_fall_into_the_bucket_of_their_time(seconds: list[float]) -> None:
    registry = CollectorRegistry()
    meters = RpcMetrics(registry, max_in_flight=1).of(METHOD["method"])

    for took in (0.001, 0.03, 99.0):
        seconds += [10.0, 10.0 + took]
        meters.finish(meters.start(), grpc.StatusCode.OK)

    def upto(bound: str) -> float | None:
        return registry.get_sample_value("roost_rpc_seconds_bucket", {**METHOD, "le": bound})

    assert [upto(each) for each in ("0.0025", "0.025", "0.05", "10.0", "+Inf")] == [1, 1, 2, 2, 3]
    assert registry.get_sample_value("roost_rpc_seconds_count", METHOD) == 3
    assert registry.get_sample_value("roost_rpc_seconds_sum", METHOD) == pytest.approx(99.031)


def test_call_is_in_flight_until_it_is_answered() -> None:
    registry = CollectorRegistry()
    meters = RpcMetrics(registry, max_in_flight=1).of(METHOD["method"])

    started = meters.start()
    during = registry.get_sample_value("roost_rpc_in_flight")
    meters.finish(started, grpc.StatusCode.NOT_FOUND)
    after = registry.get_sample_value("roost_rpc_in_flight")

    assert (during, after) == (1, 0)
    assert registry.get_sample_value("roost_rpc_in_flight_max") == 1
    assert (
        registry.get_sample_value("roost_rpc_handled_total", {**METHOD, "code": "NOT_FOUND"}) == 1
    )


def test_method_that_nobody_has_called_is_there_with_zeros() -> None:
    registry = CollectorRegistry()
    RpcMetrics(registry, max_in_flight=1).of(METHOD["method"])

    text = generate_latest(registry).decode()

    assert f'roost_rpc_started_total{{method="{METHOD["method"]}"}} 0.0' in text
    assert f'roost_rpc_handled_total{{code="OK",method="{METHOD["method"]}"}} 0.0' in text


def test_of_several_servers_the_calls_in_flight_are_those_closest_to_their_limit() -> None:
    registry = CollectorRegistry()
    roomy = RpcMetrics(registry, max_in_flight=10)
    full = RpcMetrics(registry, max_in_flight=2)
    meters = [roomy.of("/a"), roomy.of("/b"), full.of("/c")]
    for each in (*meters, meters[2]):
        each.start()

    shown = [
        registry.get_sample_value(f"roost_rpc_{name}") for name in ("in_flight", "in_flight_max")
    ]

    assert shown == [2, 2]
    for each in meters:
        assert registry.get_sample_value("roost_rpc_started_total", {"method": each.method})
