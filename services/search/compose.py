"""Composes the processes of the Search service. Only this module opens connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from roost.search.v1.search_admin_service_pb2_grpc import add_SearchAdminServiceServicer_to_server
from roost.search.v1.search_service_pb2_grpc import add_SearchServiceServicer_to_server

from services.chassis.auth import authentication
from services.chassis.auth.tokens import RevokedSessions
from services.chassis.cache import redis_client
from services.chassis.events import bus
from services.chassis.rpc.clients import Mesh, MeshJwks, MeshRevocations
from services.chassis.rpc.paging import PageTokens
from services.chassis.rpc.server import MountedServicer, Server
from services.chassis.runtime.clock import Clock, SystemClock
from services.chassis.runtime.process import ProcessParts
from services.chassis.storage import postgres, retention
from services.chassis.storage.postgres import Database
from services.chassis.text import language
from services.search.adapters import opensearch
from services.search.adapters.clients import MeshBookmarks, MeshRelations, MeshUsers
from services.search.adapters.postgres import PostgresSearchStore
from services.search.adapters.postgres.hashtags import PostgresHashtags
from services.search.adapters.postgres.post_index import PostgresPostIndex
from services.search.adapters.postgres.refreshes import PostgresRefreshes
from services.search.adapters.postgres.reindexes import PostgresReindexes
from services.search.adapters.postgres.trends import PostgresTrends
from services.search.adapters.postgres.users import PostgresUserIndex
from services.search.adapters.sources import MeshPostSource, MeshUserSource
from services.search.adapters.viewer_changes import ValkeyViewerChanges, ViewerChangesReceiver
from services.search.domain.hashtags.store import HashtagStore
from services.search.domain.posts.index import PostIndex
from services.search.domain.query.model import Bookmarks, Users
from services.search.domain.reindexing import ReindexStore
from services.search.domain.searches.posts import PostSearch
from services.search.domain.searches.shares import Shares
from services.search.domain.searches.users import UserSearch
from services.search.domain.store import Store
from services.search.domain.users.index import UserIndex
from services.search.domain.viewers import Viewers
from services.search.rpc.admin_servicer import SearchAdminServicer
from services.search.rpc.search_servicer import SearchServicer
from services.search.service import MANIFEST
from services.search.settings import SearchSettings
from services.search.worker.parts import Worker

SERVICE = "search"


@asynccontextmanager
async def serve(settings: SearchSettings) -> AsyncIterator[ProcessParts]:
    """The process that answers RPCs."""
    clock = SystemClock()
    identity = authentication.identity(settings, service=SERVICE, clock=clock)
    async with (
        postgres.connect(
            settings.database_url,
            max_size=settings.database_connections,
            clock=clock,
            name="search serve",
        ) as database,
        _post_index(settings, database) as posts,
        Mesh(settings.mesh, identity=identity, tls=settings.tls) as mesh,
    ):
        viewers = Viewers(MeshRelations(mesh), clock=clock)
        receiver = ViewerChangesReceiver(
            settings.redis_url, ca_file=settings.redis_ca_file, forget=viewers.forget
        )
        revoked = RevokedSessions(MeshRevocations(mesh), clock=clock)
        try:
            yield ProcessParts(
                server=Server(
                    mounts=mounts(
                        store=PostgresSearchStore(database),
                        posts=posts,
                        user_index=PostgresUserIndex(database),
                        hashtags=PostgresHashtags(database),
                        reindexes=PostgresReindexes(database),
                        users=MeshUsers(mesh),
                        bookmarks=MeshBookmarks(mesh),
                        viewers=viewers,
                        page_token_key=settings.page_token_key,
                        clock=clock,
                    ),
                    verifier=authentication.verifier(
                        settings,
                        service=SERVICE,
                        people=MeshJwks(mesh),
                        revoked=revoked.session_ids,
                        clock=clock,
                    ),
                    max_in_flight=settings.max_in_flight,
                ),
                jobs=[revoked.run, receiver.run],
            )
        finally:
            await viewers.close()


def mounts(
    *,
    store: Store,
    posts: PostIndex,
    user_index: UserIndex,
    hashtags: HashtagStore,
    reindexes: ReindexStore,
    users: Users,
    bookmarks: Bookmarks,
    viewers: Viewers,
    page_token_key: bytes,
    clock: Clock,
) -> list[MountedServicer]:
    page_tokens = PageTokens(page_token_key)
    shares = Shares()
    search = SearchServicer(
        posts=PostSearch(
            index=posts,
            users=users,
            bookmarks=bookmarks,
            viewers=viewers,
            shares=shares,
            clock=clock,
        ),
        users=UserSearch(index=user_index, viewers=viewers, shares=shares),
        hashtags=hashtags,
        page_tokens=page_tokens,
        clock=clock,
    )
    admin = SearchAdminServicer(
        store=store,
        index=posts,
        reindexes=reindexes,
        hashtags=hashtags,
        page_tokens=page_tokens,
        clock=clock,
    )
    return [
        MountedServicer(add_SearchServiceServicer_to_server, search),
        MountedServicer(add_SearchAdminServiceServicer_to_server, admin),
    ]


@asynccontextmanager
async def work(settings: SearchSettings) -> AsyncIterator[ProcessParts]:
    """The process that consumes events, reads counts again and rebuilds the index."""
    clock = SystemClock()
    kafka = bus.KafkaConnection.of(settings)
    language.load()
    async with (
        postgres.connect(
            settings.database_url,
            max_size=settings.database_connections,
            clock=clock,
            name="search work",
        ) as database,
        _post_index(settings, database) as posts,
        redis_client.connect(settings.redis_url, ca_file=settings.redis_ca_file) as valkey,
        Mesh(
            settings.mesh,
            identity=authentication.identity(settings, service=SERVICE, clock=clock),
            tls=settings.tls,
        ) as mesh,
        bus.open_announcements(settings, valkey) as announcements,
        bus.publisher(connection=kafka, client_id="search work") as publisher,
    ):
        worker = Worker(
            store=PostgresSearchStore(database),
            posts=posts,
            users=PostgresUserIndex(database),
            hashtags=PostgresHashtags(database),
            trend_store=PostgresTrends(database),
            refreshes=PostgresRefreshes(database),
            reindexes=PostgresReindexes(database),
            post_source=MeshPostSource(mesh),
            user_source=MeshUserSource(mesh),
            viewer_changes=ValkeyViewerChanges(valkey),
            clock=clock,
            trust_age=settings.trust_age,
        )
        yield ProcessParts(
            consumers=[
                bus.Subscriber(
                    connection=kafka,
                    group=MANIFEST.consumer_group.name,
                    topics=MANIFEST.consumer_group.topics,
                    publisher=publisher,
                    clock=clock,
                    announcements=announcements,
                    batches=worker.consumer,
                )
            ],
            jobs=[*worker.jobs(), retention.job(database)],
        )


@asynccontextmanager
async def _post_index(settings: SearchSettings, database: Database) -> AsyncIterator[PostIndex]:
    """The index of posts in the engine of ROOST_SEARCH."""
    if settings.search == "postgres":
        yield PostgresPostIndex(database)
        return
    async with opensearch.connect(
        settings.opensearch_url,
        username=settings.opensearch_username,
        password=settings.opensearch_password,
    ) as cluster:
        yield opensearch.OpenSearchPostIndex(database, cluster)
