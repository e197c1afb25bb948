"""The errors of search queries: one exception for each reason."""

from services.chassis.runtime.errors import Invalid, RuleBroken


class QueryInvalid(Invalid):
    """The query cannot be parsed, or names something that does not exist.

    `column` is the place of the fault in code points of the query, from 1; `token` is the text
    there; `expected` says what would fit.
    """

    reason = "QUERY_INVALID"

    @staticmethod
    def at(column: int, token: str, expected: str) -> "QueryInvalid":
        """The error at a column."""
        return QueryInvalid(
            f"The query has a fault at column {column}: expected {expected}.",
            metadata={"column": str(column), "token": token, "expected": expected},
        )


class QueryTooCostly(RuleBroken):
    """The query exceeds a limit: `limit` is its name, `most` its value."""

    reason = "QUERY_TOO_COSTLY"

    @staticmethod
    def beyond(limit: str, most: int) -> "QueryTooCostly":
        """The error of a limit."""
        return QueryTooCostly(
            f"The query is too complex: at most {most} {limit}.",
            metadata={"limit": limit, "most": str(most)},
        )
