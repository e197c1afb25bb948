"""The RPCs that find and suggest users; the promises are in `search_service.proto`."""

from typing import Any

from roost.search.v1 import search_service_pb2 as rpc
from roost.search.v1.search_service_pb2_grpc import SearchServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.rpc.paging import PageTokens, size_of
from services.chassis.text.kinds import SEARCH_QUERY, TYPEAHEAD_QUERY
from services.search.domain.searches.suggestions import DEFAULT_SIZE, Suggestions
from services.search.domain.searches.users import UserPosition, UserSearch
from services.search.domain.texts import cleaned
from services.search.rpc.convert import to_suggestions, to_user_match


class UserRpcs(SearchServiceServicer):
    """Searches for users, and suggestions."""

    _users: UserSearch
    _suggestions: Suggestions
    _page_tokens: PageTokens

    @access_policy.anyone
    async def SearchUsers(
        self, request: rpc.SearchUsersRequest, context: Any
    ) -> rpc.SearchUsersResponse:
        page = await self._users.find(
            cleaned(request.query, SEARCH_QUERY),
            caller.viewer_id(),
            after=self._page_tokens.open(request, UserPosition),
            size=size_of(request),
        )
        token = page.next_position and self._page_tokens.seal(request, page.next_position)
        return rpc.SearchUsersResponse(
            user_ids=[each.user_id for each in page.users],
            next_page_token=token or "",
            matches=map(to_user_match, page.users),
            next_user_id=page.next_user_id,
        )

    @access_policy.anyone
    async def Typeahead(self, request: rpc.TypeaheadRequest, context: Any) -> rpc.TypeaheadResponse:
        suggestions = await self._suggestions.suggest(
            cleaned(request.query, TYPEAHEAD_QUERY),
            caller.viewer_id(),
            limit=request.page_size or DEFAULT_SIZE,
        )
        return rpc.TypeaheadResponse(suggestions=to_suggestions(suggestions))
