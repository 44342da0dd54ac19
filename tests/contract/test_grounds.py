"""The ground itself: it stands, and each settings() has a database of its own."""

import psycopg

from services.chassis.database.naming import service_dsn
from tests.contract.grounds import Grounds


def test_each_settings_names_a_database_of_its_own(grounds: Grounds) -> None:
    first, second = (service_dsn(grounds.settings("auth"), "auth") for _ in range(2))
    assert first != second
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE mine (id int)")
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)
