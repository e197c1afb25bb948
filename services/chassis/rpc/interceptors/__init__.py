"""What happens around every RPC: trace, errors, caller, deadline, validation, metrics."""

from services.chassis.rpc.interceptors.metrics import RpcMetrics
from services.chassis.rpc.interceptors.pipeline import Pipeline

__all__ = ["Pipeline", "RpcMetrics"]
