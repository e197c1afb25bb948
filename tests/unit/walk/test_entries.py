"""Which files a walk counts, from entries of recorders that are written here."""

from __future__ import annotations

from itertools import count

from tests.walk.entries import Entry, Place, files, used

IDLE, FIRST, SECOND = 1, 2, 3
REQUEST, ANSWERING, FANNING_OUT, NOTIFYING, LOGGING = "request", "answer", "fan", "notify", "log"

clock = count()


def entered(
    file: str,
    *,
    below: tuple[str, ...] = (),
    window: int = FIRST,
    process: str = "post serve",
    task: int | None = None,
    span: str | None = None,
    called: bool = False,
) -> Entry:
    """A function of a file is entered, below functions of other files."""
    stack = tuple((each, "f") for each in (*below, file))
    return Entry(window, next(clock), process, task, span, called, stack)


def walked(*entries: Entry, windows: tuple[int, ...] = (FIRST,)) -> list[str]:
    return files(used(entries, idle={IDLE}, windows=windows))


def test_what_runs_in_the_trace_of_the_request_counts_in_the_order_of_its_first_use() -> None:
    counted = walked(
        entered("servicer.py", task=1, span=ANSWERING),
        entered("store.py", task=1, span=ANSWERING),
        entered("servicer.py", task=1, span=ANSWERING),
    )

    assert counted == ["servicer.py", "store.py"]


def test_what_a_task_of_the_request_does_before_its_trace_begins_counts() -> None:
    counted = walked(entered("headers.py", task=1), entered("servicer.py", task=1, span=ANSWERING))

    assert counted == ["headers.py", "servicer.py"]


def test_the_trace_counts_even_where_an_idle_process_calls_the_same() -> None:
    counted = walked(
        entered("metrics.py", window=IDLE, task=1), entered("metrics.py", task=1, span=ANSWERING)
    )

    assert counted == ["metrics.py"]


def test_polls_do_not_count_and_a_call_that_no_poll_makes_counts_with_its_caller() -> None:
    counted = walked(
        entered("outbox.py", window=IDLE, below=("relay.py",), called=True),
        entered("outbox.py", below=("relay.py",), called=True),
        entered("producer.py", below=("main.py", "relay.py"), called=True),
    )

    assert counted == ["relay.py", "producer.py"]


def test_a_function_that_only_waits_for_another_does_not_count() -> None:
    counted = walked(entered("listener.py", below=("main.py", "supervisor.py")))

    assert counted == ["listener.py"]


def test_consumers_beside_the_longest_chain_of_events_do_not_count() -> None:
    counted = walked(
        entered("servicer.py", task=1, span=REQUEST),
        entered("servicer.py", task=1, span=ANSWERING),
        entered("bus.py", process="timeline work", task=1, span=ANSWERING),
        entered("fanout.py", process="timeline work", task=1, span=FANNING_OUT),
        entered("bus.py", process="notification work", task=1, span=ANSWERING),
        entered("notifier.py", process="notification work", task=1, span=NOTIFYING),
        # A call that the notifier makes.
        entered("pipeline.py", process="user serve", task=1, span=NOTIFYING),
        entered("relationships.py", process="user serve", task=1, span="a call"),
        entered("bus.py", process="eventlog work", task=1, span=FANNING_OUT),
        entered("log.py", process="eventlog work", task=1, span=LOGGING),
    )

    assert counted == ["servicer.py", "bus.py", "fanout.py", "log.py"]


def test_of_equal_chains_the_one_counts_that_ends_where_the_frame_comes_from() -> None:
    counted = walked(
        entered("bus.py", process="search work", task=1, span=ANSWERING),
        entered("index.py", process="search work", task=1, span=NOTIFYING),
        entered("bus.py", process="eventlog work", task=1, span=ANSWERING),
        entered("log.py", process="eventlog work", task=1, span=LOGGING),
        entered("live.py", process="eventlog serve"),
    )

    assert counted == ["bus.py", "log.py", "live.py"]


def test_a_file_counts_if_every_request_used_it() -> None:
    both = (entered("servicer.py", window=each, task=1, span=ANSWERING) for each in (FIRST, SECOND))

    counted = walked(*both, entered("retention.py", window=SECOND), windows=(FIRST, SECOND))

    assert counted == ["servicer.py"]


def test_a_file_that_two_processes_use_is_one_file_in_two_places() -> None:
    uses = used(
        [
            entered("clock.py", task=1, span=ANSWERING),
            entered("clock.py", process="user serve", task=1, span=ANSWERING),
        ],
        idle={IDLE},
        windows={FIRST},
    )

    assert [use.place for use in uses] == [
        Place("post serve", "clock.py"),
        Place("user serve", "clock.py"),
    ]
    assert files(uses) == ["clock.py"]
