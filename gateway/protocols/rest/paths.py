"""Finds the route of a path: a tree of segments, so that many routes cost no more than few."""

from collections.abc import Iterable

from gateway.core.errors import MethodNotAllowed, ParameterInvalid, RouteNotFound
from gateway.core.ids import NO_ID, parse_id
from gateway.protocols.rest.routes import Route


class Place:
    """What there is at one path: its routes by method."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.below: dict[str, Place] = {}
        self.parameter: tuple[str, Place] | None = None

    def allowed(self) -> list[str]:
        """The methods that the path takes."""
        methods = set(self.routes) | {"OPTIONS"}
        return sorted(methods | {"HEAD"} if "GET" in methods else methods)


class Paths:
    """All paths of a route table."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = Place()
        for route in routes:
            place = self._place(route.path)
            if route.method in place.routes:
                raise ValueError(f"{route.method} {route.path} is declared twice")
            place.routes[route.method] = route

    def _place(self, path: str) -> Place:
        place = self._root
        for segment in path.split("/")[1:]:
            if not segment.startswith("{"):
                place = place.below.setdefault(segment, Place())
                continue
            name = segment[1:-1]
            if place.parameter is None:
                place.parameter = (name, Place())
            elif place.parameter[0] != name:
                raise ValueError(f"{path} calls its id {name}, another route does not")
            place = place.parameter[1]
        return place

    def find(self, path: str) -> tuple[Place, int]:
        """The place of a path, and the id in it.

        Raises RouteNotFound, or ParameterInvalid where an id should stand and does not. A fixed
        segment (`me`) goes before an id.
        """
        place = self._root
        path_id = NO_ID
        for segment in path.split("/")[1:]:
            below = place.below.get(segment)
            if below is not None:
                place = below
                continue
            if place.parameter is None or not segment:
                raise RouteNotFound
            name, place = place.parameter
            number = parse_id(segment)
            if number is None:
                raise ParameterInvalid(name, "id", "must be a decimal id, such as 187649984473770")
            path_id = number
        if not place.routes:
            raise RouteNotFound
        return place, path_id


def route_of(place: Place, method: str) -> Route:
    """The route of a method; HEAD is GET without its body. Raises MethodNotAllowed."""
    route = place.routes.get("GET" if method == "HEAD" else method)
    if route is None:
        raise MethodNotAllowed(method, place.allowed())
    return route
