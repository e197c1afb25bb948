"""Every process of Roost: its resources, its jobs, its calls."""

from __future__ import annotations

from local.dashboards.overview import FAULT, QUICK_ROUTES, QUICK_RPCS
from local.dashboards.panels import Dashboard, Panel, Row, Unit, View
from local.dashboards.queries import (
    CHOSEN,
    Query,
    busiest,
    events,
    p99,
    rate,
    share,
    slowest,
    total,
)

DAY = 86_400

RESOURCES = Row(
    "Resources",
    [
        Panel(
            "How much CPU does each process use, in cores?",
            Unit.NUMBER,
            [
                Query(
                    rate("process_cpu_seconds_total", by="instance", where=CHOSEN),
                    "{{instance}}",
                )
            ],
            normal="Below 0.8. A process uses one core at most, media workers more.",
            action="Add processes.",
            limit=0.9,
        ),
        Panel(
            "How much memory does each process use?",
            Unit.BYTES,
            [total("process_resident_memory_bytes", by="instance", where=CHOSEN)],
            normal="100 to 250 MB, gateways more with many sockets.",
            action="A steady rise over days is a leak. At its limit the process is killed.",
        ),
        Panel(
            "How late is the event loop, p99?",
            Unit.SECONDS,
            [p99("roost_event_loop_lag_seconds", by="instance", where=CHOSEN)],
            normal="Below 20 ms.",
            action="High with little CPU: something blocks the loop. With much: add processes.",
            limit=0.1,
        ),
        Panel(
            "How many file descriptors does each process use, of those that it may?",
            Unit.SHARE,
            [
                Query(
                    f"max by (instance) (process_open_fds{{{CHOSEN}}}"
                    f" / process_max_fds{{{CHOSEN}}})",
                    "{{instance}}",
                )
            ],
            normal="Below 20 %.",
            action="A gateway: many sockets; add gateways. Others: a leak.",
            alert="RoostFileDescriptorsShort",
            limit=0.8,
        ),
        Panel(
            "For how long has each process been running?",
            Unit.SECONDS,
            [
                Query(
                    f"time() - min by (instance) (process_start_time_seconds{{{CHOSEN}}})",
                    "{{instance}}",
                )
            ],
            normal="Since the last release.",
            action="A line that falls again and again: it crashes, or is killed. See its log.",
            alert="RoostProcessRestarting",
        ),
        Panel(
            "Which processes answer Prometheus?",
            Unit.NONE,
            [Query(f"min by (instance) (up{{{CHOSEN}}})", "{{instance}}")],
            normal="1.",
            action="0: the process is down, or its admin port cannot be reached.",
            alert="RoostTargetDown",
        ),
    ],
)

JOBS = Row(
    "Jobs",
    [
        Panel(
            "How many jobs of each service are down?",
            Unit.NONE,
            [total("roost_job_down", by="job", where=CHOSEN)],
            normal="0. A job that is down waits to be started again.",
            action="The next panel names it. The log of the process has the reason.",
            alert="RoostJobDown",
            limit=1,
        ),
        Panel(
            "Which jobs fail?",
            Unit.OPERATIONS,
            [events("roost_job_failures_total", by="name", where=CHOSEN)],
            normal="0, and some while an engine is away.",
            action="The log of the process has the reason.",
            alert="RoostJobDown",
        ),
        Panel(
            "How many password hashes run or wait?",
            Unit.NUMBER,
            [total("roost_user_password_hash_jobs", legend="hashes")],
            normal="0 to 2.",
            action="Many: an attack on passwords. Logins are refused before others suffer.",
        ),
        Panel(
            "How long does a password hash wait and take, p99?",
            Unit.SECONDS,
            [
                p99(
                    "roost_user_password_hash_wait_seconds",
                    by="purpose",
                    legend="wait of {{purpose}}",
                ),
                p99("roost_user_password_hash_seconds", by="job", legend="hash"),
            ],
            normal="A hash takes below 0.5 s, and does not wait.",
            action="Long waits: more sign-ins than workers can hash. Add processes of User.",
        ),
        Panel(
            "How many password hashes are refused, and why?",
            Unit.OPERATIONS,
            [events("roost_user_password_hash_refusals_total", by="cause")],
            normal="0.",
            action="`late`, `full`: the load. `overdue`: hashes became slow while they ran.",
        ),
    ],
)

CALLS_TO_OTHER_SERVICES = Row(
    "Calls to other services, as the caller sees them",
    [
        Panel(
            "Whose calls fail?",
            Unit.SHARE,
            [share("roost_rpc_client_handled_total", FAULT, by="job,process", where=CHOSEN)],
            normal="0.",
            action="See the called method beside it.",
            alert="RoostServiceErrors",
            limit=0.05,
        ),
        Panel(
            "Which methods are slow for their callers, p99?",
            Unit.SECONDS,
            [slowest("roost_rpc_client_seconds", by="method", where=f"{CHOSEN}, {QUICK_RPCS}")],
            normal="Below 100 ms, except sign-up and login.",
            action="Compare with the time that the service itself reports.",
        ),
        Panel(
            "Which methods are slow in their service, p99?",
            Unit.SECONDS,
            [slowest("roost_rpc_seconds", by="method", where=f"{CHOSEN}, {QUICK_RPCS}")],
            normal="Below 50 ms, except sign-up and login.",
            action="See PostgreSQL and Caches for its service.",
        ),
        Panel(
            "Which methods are called most?",
            Unit.REQUESTS,
            [busiest("roost_rpc_started_total", by="method", where=CHOSEN)],
            normal="BatchGetUsers and BatchGetPosts lead.",
            action="Another one rises: see which client's requests cause it.",
        ),
        Panel(
            "Which methods fail?",
            Unit.REQUESTS,
            [events("roost_rpc_handled_total", by="method,code", where=f"{CHOSEN}, {FAULT}")],
            normal="Nothing.",
            action="The log of the service has the reason, with the trace.",
            alert="RoostServiceErrors",
        ),
        Panel(
            "Which routes of the gateway are slow, p99?",
            Unit.SECONDS,
            [slowest("roost_http_seconds", by="route", where=QUICK_ROUTES)],
            normal="Below 500 ms.",
            action="See the services that the route calls, by a trace of it.",
        ),
    ],
)

RELEASES = Row(
    "Releases, keys and certificates",
    [
        Panel(
            "Age of the key that signs access tokens",
            Unit.DAYS,
            [Query(f"min(roost_signing_key_age_seconds >= 0) / {DAY}", "age")],
            normal="Below 30 days: it is replaced by itself.",
            action="Older: the job rotate_signing_keys fails.",
            alert="RoostSigningKeyOld",
            limit=31,
            view=View.NUMBER,
            width=12,
        ),
        Panel(
            "Time until the next certificate of a process expires",
            Unit.DAYS,
            [
                Query(
                    "(min(roost_tls_certificate_expiry_time_seconds > 0) - time())"
                    f" / {DAY} or vector(0)",
                    "days left",
                )
            ],
            normal="Above 14 days. 0: the processes speak plain text.",
            action="Replace the files; processes read them again without a restart.",
            alert="RoostCertificateExpires",
            view=View.NUMBER,
            width=12,
        ),
        Panel(
            "Which release runs where?",
            Unit.NONE,
            [
                Query(
                    "count by (job, process, version, revision, python)"
                    f" (roost_build_info{{{CHOSEN}}})",
                    "",
                )
            ],
            normal="One release, two during a rollout.",
            action="An old one that stays: the rollout waits for a process that is not ready.",
            view=View.TABLE,
            width=24,
            columns=(
                ("job", "Service"),
                ("process", "Process"),
                ("version", "Version"),
                ("revision", "Revision"),
                ("python", "Python"),
                ("Value", "Processes"),
            ),
        ),
    ],
)

DASHBOARD = Dashboard(
    name="processes",
    title="Processes",
    description="Resources, jobs and calls of each process.",
    rows=(
        RESOURCES,
        JOBS,
        CALLS_TO_OTHER_SERVICES,
        RELEASES,
    ),
)
