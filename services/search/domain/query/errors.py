"""The errors of search queries: one exception for each reason."""

from services.chassis.runtime.errors import Invalid, RuleBroken


class QueryInvalid(Invalid):
    """The query cannot be parsed, or names something that does not exist.

    `column` is the place of the fault in code points of the query, from 1; `token` is the text
    there; `expected` says what would fit.
    """

    reason = "QUERY_INVALID"

    def __init__(self, column: int, token: str, expected: str) -> None:
        super().__init__(
            f"The query has a fault at column {column}: expected {expected}.",
            metadata={"column": str(column), "token": token, "expected": expected},
        )


class QueryTooCostly(RuleBroken):
    """The query exceeds a limit: `limit` is its name, `most` its value."""

    reason = "QUERY_TOO_COSTLY"

    def __init__(self, limit: str, most: int) -> None:
        super().__init__(
            f"The query is too complex: at most {most} {limit}.",
            metadata={"limit": limit, "most": str(most)},
        )
