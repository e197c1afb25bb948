"""Which service the running task belongs to, where one process runs several.

Tasks inherit it from the task that made them. Logs and spans name it.
"""

from contextvars import ContextVar

_name: ContextVar[str] = ContextVar("service", default="")


def name() -> str:
    """The service; empty where the process has one alone, or the task belongs to none."""
    return _name.get()


def enter(service: str) -> None:
    """Puts the running task into a service, for as long as it lives."""
    _name.set(service)
