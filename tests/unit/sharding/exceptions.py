"""The statements that reach more than one shard, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping

_RETENTION = "a job deletes what is past its time on every shard, every few minutes"
_CLEANUP = "a job finds what is due on every shard; its rows are then changed by their keys"
_SCAN = "a job reads all rows in pages; each shard returns a page, and the coordinator merges them"
_BY_KEY = "the object store's key of a folder names no owner; workers change a few folders a second"
_PREVIOUS = "processes of an earlier release call it; a distributed database has none"

EVERY_SHARD: Mapping[str, str] = {
    "create_post/26#2": _PREVIOUS,
    "create_post/26#10": _PREVIOUS,
    "create_post/26#11": _PREVIOUS,
    "services.chassis.storage.idempotency._EXPIRED": _RETENTION,
    "services.chassis.storage.idempotency._FORGET": _RETENTION,
    "services.chassis.storage.inbox._EXPIRED": _RETENTION,
    "services.chassis.storage.inbox._FORGET": _RETENTION,
    "services.chassis.storage.outbox._OLDEST": (
        "the one slice of an outbox that is not divided; its rows are deleted by their keys"
    ),
    "services.chassis.storage.outbox._OLDEST_OF_USERS": (
        "users cannot be enumerated, so each shard evaluates whether its rows are in the slice"
    ),
    "services.delivery.adapters.postgres._PRUNE": _RETENTION,
    "services.eventlog.adapters.postgres._OLDEST": _RETENTION,
    "services.eventlog.adapters.postgres._PRESENT_USERS": _SCAN,
    "services.eventlog.adapters.postgres.remove_all_suppressions": (
        "a deleted account is removed from the lists of others, once"
    ),
    "services.media.adapters.postgres.audiences._DECIDED_POSTS": (
        "the posts that an account decides are of any owner; read when its protection changes"
    ),
    "services.media.adapters.postgres.audiences._PRUNE": _RETENTION,
    "services.media.adapters.postgres.folders._ABANDONED": _CLEANUP,
    "services.media.adapters.postgres.folders._DELETE": _BY_KEY,
    "services.media.adapters.postgres.folders._DOOMED": _CLEANUP,
    "services.media.adapters.postgres.folders._DOOM_ABANDONED": _BY_KEY,
    "services.media.adapters.postgres.folders._OF_KEYS": _BY_KEY,
    "services.media.adapters.postgres.folders._ONE": _BY_KEY,
    "services.media.adapters.postgres.folders._POSTPONE": _BY_KEY,
    "services.media.adapters.postgres.folders._PUBLISH": _BY_KEY,
    "services.media.adapters.postgres.media._EXPIRED": _CLEANUP,
    "services.media.adapters.postgres.media._PROVISIONAL": _CLEANUP,
    "services.media.adapters.postgres.media.prune_usage": _RETENTION,
    "services.media.adapters.postgres.uploads._DOOMED": _CLEANUP,
    "services.media.adapters.postgres.uploads._OF_KEYS": _CLEANUP,
    "services.media.adapters.postgres.uploads._STUCK": _CLEANUP,
    "services.notification.adapters.postgres.statements.COUNT_WATCHED": (
        "watches go by their author, for fan-out; a user lists the own ones seldom"
    ),
    "services.notification.adapters.postgres.statements.FORGET_USER": (
        "a deleted account is removed from the rows of others, once"
    ),
    "services.notification.adapters.postgres.statements.FORGET_WITHDRAWN": _RETENTION,
    "services.notification.adapters.postgres.statements.RECIPIENTS_BEFORE": _RETENTION,
    "services.notification.adapters.postgres.statements.RECIPIENTS_OF_ACTOR": (
        "a deleted account has recipients on every shard; their rows are changed by their keys"
    ),
    "services.notification.adapters.postgres.statements.RECIPIENTS_OF_POST": (
        "a deleted post has recipients on every shard; their rows are changed by their keys"
    ),
    "services.notification.adapters.postgres.statements.WATCHED": (
        "watches go by their author, for fan-out; a user lists the own ones seldom"
    ),
    "services.post.adapters.postgres.reads.CONTRIBUTORS": _SCAN,
    "services.post.adapters.postgres.reads.TOUCHED": _SCAN,
    "services.post.adapters.postgres.store.SCAN": _SCAN,
    "services.timeline.adapters.postgres._PRUNE_HASHTAG_ENTRIES": _RETENTION,
    "services.timeline.adapters.postgres._REMOVE_OTHER_HASHTAGS": (
        "an edit may have removed any hashtag of the post"
    ),
    "services.timeline.adapters.postgres.remove_hashtag_entries": (
        "a deleted post may have had any hashtag"
    ),
    "services.user.adapters.postgres.graph._COMPARED": _SCAN,
    "services.user.adapters.postgres.sessions.prune": _RETENTION,
    "services.user.adapters.postgres.sessions.revoked_sessions": (
        "verifiers of tokens read the sessions that ended in the last seconds, of all users"
    ),
}

# Functions that compose a statement, so that no constant has it.
COMPOSED: Mapping[str, str] = {
    "services.delivery.adapters.postgres.addresses": "by user_id = ANY",
    "services.delivery.adapters.postgres.lock_address": "by user_id",
    "services.delivery.adapters.postgres.subscriptions_of": "by user_id",
    "services.post.adapters.postgres.reads.entries": "its two results are constants",
    "services.user.adapters.postgres.sessions.prune": _RETENTION,
}
