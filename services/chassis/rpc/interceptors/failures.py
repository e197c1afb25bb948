"""Answers a call that failed, and leaves a line in the log where the fault is ours."""

import grpc

from services.chassis.runtime.errors import GrpcStatus, to_status
from services.chassis.runtime.logs import logger


def status_of(method: str, error: Exception) -> GrpcStatus:
    """The status that answers the error. Refusals that are the caller's doing are not logged,
    except for debugging."""
    status = to_status(error)
    code = status.code.name
    if status.code is grpc.StatusCode.INTERNAL:
        logger().error("rpc_failed", method=method, code=code, exc_info=error)
    elif status.code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
        logger().warning(
            "rpc_failed", method=method, code=code, error=repr(error), cause=repr(error.__cause__)
        )
    else:
        logger().debug("rpc_refused", method=method, code=code, error=repr(error))
    return status
