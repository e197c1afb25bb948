"""Divides one run between worker processes. A file is one unit, and so is a folder that shares a
stack. Each worker has engines of its own, so that no test meets the data of another worker.
"""

from __future__ import annotations

from xdist.scheduler.loadscope import LoadScopeScheduling
from xdist.workermanage import WorkerController

# All tests of such a folder share a stack or a proxy; a second worker would start it again.
ONE_UNIT = ("tests/e2e/hostile/", "tests/e2e/", "tests/envoy/")


class FileScheduling(LoadScopeScheduling):
    """The first worker takes units from the front of the queue, where the whole stacks are. Every
    other worker takes them from the end. So tests that wait run beside tests that compute, and two
    whole stacks rarely run at once.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in ONE_UNIT if file.startswith(folder)), file)

    def _assign_work_unit(self, node: WorkerController) -> None:
        if node.gateway.id != "gw0":
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)
