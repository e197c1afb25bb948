"""SearchService over gRPC, put together from its RPCs by noun."""

from services.chassis.rpc.paging import PageTokens
from services.chassis.runtime.clock import Clock
from services.search.domain.hashtags.store import HashtagStore
from services.search.domain.searches.posts import PostSearch
from services.search.domain.searches.suggestions import Suggestions
from services.search.domain.searches.users import UserSearch
from services.search.rpc.hashtag_rpcs import HashtagRpcs
from services.search.rpc.post_rpcs import PostRpcs
from services.search.rpc.user_rpcs import UserRpcs


class SearchServicer(PostRpcs, UserRpcs, HashtagRpcs):
    """The promises are in `search_service.proto`."""

    def __init__(
        self,
        *,
        posts: PostSearch,
        users: UserSearch,
        hashtags: HashtagStore,
        page_tokens: PageTokens,
        clock: Clock,
    ) -> None:
        self._posts = posts
        self._users = users
        self._hashtags = hashtags
        self._suggestions = Suggestions(users=users, hashtags=hashtags)
        self._page_tokens = page_tokens
        self._clock = clock
