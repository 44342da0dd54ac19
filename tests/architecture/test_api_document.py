"""docs/api.md says what the edge serves, and the tables behind `make api-coverage` know all of it."""

from services.edge.rest.catalogue import catalogue
from tests.coverage.operations import WEBSOCKET, asked, implemented, operations
from tests.coverage.report import DOCUMENT, document


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text("utf-8") == document(), "make api-coverage WRITE=1"


def test_each_operation_is_listed_once_and_none_is_left_out() -> None:
    listed = [operation.key for operation in operations()]
    assert len(listed) == len(set(listed))
    assert set(listed) == {(one.method, one.path) for one in catalogue()} | {WEBSOCKET}
    assert implemented() <= set(listed)


def test_an_address_is_of_the_operation_that_the_edge_would_choose() -> None:
    found = asked("GET", "/api/v4/users/stats")
    assert found is not None
    assert found.path == "/api/v4/users/stats"
    assert asked("GET", "/api/v4/no/such/thing") is None
