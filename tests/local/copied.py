"""A program that the tests of forks run: it prints what it is, or waits."""

import json
import os
import random
import signal
import sys
import time

if __name__ == "__main__":
    seen = {
        "arguments": sys.argv[1:],
        "environment": dict(os.environ),
        "session": os.getsid(0) == os.getpid(),
        "title": open("/proc/self/cmdline", "rb").read().rstrip(b"\0").decode(),  # noqa: SIM115
        "child_signal": signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL,
        "random": random.random(),
    }
    print(json.dumps(seen), flush=True)
    if sys.argv[1] == "wait":
        time.sleep(600)
    sys.exit(int(sys.argv[2]))
