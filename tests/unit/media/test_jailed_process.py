"""The program that decodes is killed with its whole group, and its output is bounded."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
import uvloop

from services.media.domain.processing import Kind, Rejected
from services.media.worker import jailed_process
from services.media.worker.jailed_process import JailedProcess, TryFailed
from tests.waiting import LIMIT, eventually

PROCESSED = (
    '{"processed": {"kind": 1, "content_type": "image/png", "files": [{"name": "thumb", "file":'
    ' "320.webp", "content_type": "image/webp", "size_bytes": 3, "codec": "webp"}]}}'
)


def on_uvloop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Runs a test on the loop of the worker, which starts and reaps processes in its own way."""

    @wraps(test)
    def run_test(*given: Any, **named: Any) -> None:
        async def run() -> None:
            await test(*given, **named)

        uvloop.run(run())

    return run_test


def program(code: str) -> JailedProcess:
    """A program of one text, in place of the jailed one."""
    return JailedProcess((sys.executable, "-c", code))


async def run(code: str, folder: Path, *, seconds: float = LIMIT) -> object:
    return await program(code).run(folder, seconds=seconds, report=lambda _: None)


def is_alive(pid: int) -> bool:
    """Whether a process runs: neither absent nor waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@on_uvloop
async def test_progress_is_reported_and_the_last_line_is_the_result(tmp_path: Path) -> None:
    reported: list[int] = []
    code = (
        f"print('{{\"progress\": 40}}'); print('{{\"progress\": 900}}'); print('''{PROCESSED}''')"
    )

    result = await program(code).run(tmp_path, seconds=LIMIT, report=reported.append)

    assert reported == [40, 100]
    assert result.kind is Kind.PICTURE
    assert [each.file for each in result.files] == ["320.webp"]


@on_uvloop
async def test_refused_file_has_its_reason(tmp_path: Path) -> None:
    code = """print('{"rejected": {"reason": "MEDIA_TOO_LARGE", "metadata": {"limit": "7"}}}')"""

    with pytest.raises(Rejected) as rejected:
        await run(code, tmp_path)

    assert rejected.value.reason == "MEDIA_TOO_LARGE"
    assert rejected.value.metadata == {"limit": "7"}


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("pass", "exit_0"),
        ("import sys; sys.exit(3)", "exit_3"),
        ("import os, sys; os.close(1); os.close(2); os._exit(4)", "exit_4"),
        ("import os; os.kill(os.getpid(), 11)", "sigsegv"),
        ("print('no JSON')", "protocol"),
        ("print('{}')", "exit_0"),
        ("""print('{"processed": {"kind": 9}}')""", "protocol"),
        ("""print('{"progress": 1}\\n' * 1000)""", "protocol"),
        ("print('x' * 1000000)", "protocol"),
    ],
)
@on_uvloop
async def test_program_that_ends_without_a_result_has_failed(
    code: str, cause: str, tmp_path: Path
) -> None:
    with pytest.raises(TryFailed) as failed:
        await run(code, tmp_path)

    assert failed.value.cause == cause


@on_uvloop
async def test_end_of_stderr_is_kept_for_the_log(tmp_path: Path) -> None:
    code = "import sys; sys.stderr.write('x' * 1000000 + 'the reason'); sys.exit(1)"

    with pytest.raises(TryFailed) as failed:
        await run(code, tmp_path)

    assert failed.value.details.endswith("the reason")
    assert len(failed.value.details) == jailed_process.MAX_STDERR_BYTES


@on_uvloop
async def test_program_is_killed_at_its_deadline(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"

    with pytest.raises(TryFailed) as failed:
        await run(code, tmp_path, seconds=0.2)

    assert failed.value.cause == "deadline"


@on_uvloop
async def test_cancelling_kills_the_program_and_its_children(tmp_path: Path) -> None:
    code = """
import os, time
child = os.fork()
if child:
    open("pids.new", "w").write(f"{os.getpid()} {child}")
    os.rename("pids.new", "pids")
time.sleep(600)
"""
    running = asyncio.create_task(run(code, tmp_path))
    await eventually((tmp_path / "pids").exists)
    pids = [int(each) for each in (tmp_path / "pids").read_text().split()]

    running.cancel()
    await asyncio.wait([running])

    assert running.cancelled()
    for pid in pids:
        await eventually(lambda pid=pid: not is_alive(pid))  # type: ignore[misc]


@on_uvloop
async def test_children_of_a_finished_program_are_killed(tmp_path: Path) -> None:
    code = f"""
import os, time
child = os.fork()
if not child:
    time.sleep(600)
open("pid", "w").write(str(child))
print('''{PROCESSED}''')
"""
    await run(code, tmp_path)

    pid = int((tmp_path / "pid").read_text())
    await eventually(lambda: not is_alive(pid))


@on_uvloop
async def test_program_gets_no_secret_and_no_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOST_S3_SECRET_KEY", "secret")
    code = f"""
import os, sys
assert not [name for name in os.environ if name.startswith("ROOST")]
assert sys.stdin.read() == ""
assert os.getsid(0) == os.getpid()
assert os.getcwd() == {str(tmp_path)!r}
print('''{PROCESSED}''')
"""
    await run(code, tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal to orphans is Linux's")
@on_uvloop
async def test_program_dies_with_the_worker(tmp_path: Path) -> None:
    worker = f"""
import asyncio, sys
from pathlib import Path
from services.media.worker.jailed_process import JailedProcess
code = '''
import os, time
open("pid.new", "w").write(str(os.getpid()))
os.rename("pid.new", "pid")
time.sleep(600)
'''
program = JailedProcess((sys.executable, "-c", code))
asyncio.run(program.run(Path({str(tmp_path)!r}), seconds=600, report=print))
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", worker)
    await eventually((tmp_path / "pid").exists)
    pid = int((tmp_path / "pid").read_text())
    assert is_alive(pid)

    os.kill(process.pid, signal.SIGKILL)
    await process.wait()

    await eventually(lambda: not is_alive(pid))


@on_uvloop
async def test_program_yields_to_the_services(tmp_path: Path) -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    code = f"""
import os
assert os.getpriority(os.PRIO_PROCESS, 0) > {before}
assert open("/proc/self/oom_score_adj").read().strip() == "1000"
print('''{PROCESSED}''')
"""
    await run(code, tmp_path)
