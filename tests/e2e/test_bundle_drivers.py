"""Drivers that nobody here wrote, unmodified, straight to the target: by its bundle, by the files in it, or through `crossfade connect`."""
import itertools

import pytest

from driver_program import DriverError
from every_driver import EVERY_APPLICATION, DriverInUse
from fronts import KEYSPACE
from running_gateway import HOST
from running_proxy import wait_for

WRONG = "AstraCS:nobody:" + "0" * 64
WITH_CERTIFICATE = [one for one in EVERY_APPLICATION if one.values[0][1] != "connect"]  # connect itself refuses one that is over: test_connect.py
numbers = itertools.count(1)
victims = itertools.cycle((1, 2, 3))


class Application(DriverInUse):
    def __init__(self, about, program, way):
        super().__init__(about, program)
        self.way = way

    def connect(self, front, token=None):
        return self.connect_to(**front.where(self.way, token))


@pytest.fixture
def application(request, driver_programs):
    about, way = request.param
    used = Application(about, driver_programs(about), way)
    yield used
    used.close()


@pytest.mark.parametrize("application", EVERY_APPLICATION, indirect=True)
def test_it_connects_prepares_writes_reads_pages_and_batches(application, front, target):
    session = application.connect(front)
    assert session.protocol in (application.about.default, None)  # None: this driver does not tell
    # With a bundle it sees the node as it is, otherwise the one that it was told of.
    assert session.execute("SELECT rpc_address FROM system.local").rows == [(target.address if application.way == "bundle" else HOST,)]
    table = f"{KEYSPACE}.t{next(numbers)}"
    session.execute(f"CREATE TABLE {table} (k int, c int, v text, PRIMARY KEY (k, c))")
    insert = session.prepare(f"INSERT INTO {table} (k, c, v) VALUES (?, ?, ?)")
    session.many(insert, [(1, i, f"value {i}") for i in range(200)], in_flight=50)
    session.execute(f"INSERT INTO {table} (k, c, v) VALUES (?, ?, ?)", (2, 1, "bound text"))
    session.batch((insert, (2, 2, "in a batch")), (f"INSERT INTO {table} (k, c, v) VALUES (2, 3, 'text in a batch')", ()))
    session.execute(session.prepare(f"DELETE FROM {table} WHERE k = ? AND c = ?"), (1, 199))

    select = session.prepare(f"SELECT c, v FROM {table} WHERE k = ?")
    found = session.execute(select, (2,))
    assert (found.columns, found.rows) == (["c", "v"], [(1, "bound text"), (2, "in a batch"), (3, "text in a batch")])
    for what, values in ((select, (1,)), (f"SELECT c, v FROM {table} WHERE k = 1", ())):
        rows, state = session.page(what, values, size=40)
        assert len(rows) == 40
        while state is not None:
            more, state = session.page(what, values, size=40, state=state)
            rows += more
        assert rows == [(i, f"value {i}") for i in range(199)]
    assert target.rows(f"SELECT count(*) FROM {table}")[0].count == 202
    with pytest.raises(DriverError, match="nothere"):
        session.execute(f"SELECT nothere FROM {table}")


@pytest.mark.parametrize("application", EVERY_APPLICATION, indirect=True)
def test_a_wrong_token_is_refused(application, front):
    before = len(front.gateway.audit("login_refused"))
    with pytest.raises(DriverError) as problem:
        application.connect(front, WRONG)
    assert any(word in str(problem.value).lower() for word in ("authent", "credential", "token")), problem.value
    assert WRONG not in str(problem.value)
    assert "unknown token" in {line["reason"] for line in front.gateway.audit("login_refused")[before:]}
    assert application.connect(front).execute("SELECT key FROM system.local").rows == [("local",)]


@pytest.mark.parametrize("application", WITH_CERTIFICATE, indirect=True)
def test_an_expired_certificate_is_refused(application, front):
    before = len(front.gateway.audit("tls_refused"))
    with pytest.raises(DriverError):
        application.connect_to(**front.where_it_has_expired(application.way))
    reasons = {line["reason"] for line in front.gateway.audit("tls_refused")[before:]}
    assert any("certificate has expired" in reason for reason in reasons), reasons


@pytest.mark.parametrize("application", EVERY_APPLICATION, indirect=True)
def test_its_writes_pass_guardrails_unless_it_asks_for_one(application, guarded_front):
    """What a driver of the family takes from PRODUCT_TYPE, and what others take anyway, is LOCAL_QUORUM or QUORUM."""
    session = application.connect(guarded_front)
    assert session.protocol in (4, None)
    write = f"INSERT INTO {KEYSPACE}.guarded (k, v) VALUES (1, 'written')"
    session.execute(write)
    with pytest.raises(DriverError, match=r"Provided value ONE is not allowed for Write Consistency Level \(disallowed values are: \[ANY, ONE, LOCAL_ONE\]\)"):
        session.execute(write, consistency="ONE")
    with pytest.raises(DriverError, match=r"Missing correct permission on own_keyspace\."):
        session.execute("CREATE KEYSPACE own_keyspace WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")


@pytest.mark.long
@pytest.mark.parametrize("application", EVERY_APPLICATION, indirect=True)
def test_a_node_goes_down_and_comes_back(application, front_of_three, three_nodes):
    session = application.connect(front_of_three)
    table = f"{KEYSPACE}.t{next(numbers)}"
    session.execute(f"CREATE TABLE {table} (k int PRIMARY KEY, v text)")
    insert, select = session.prepare(f"INSERT INTO {table} (k, v) VALUES (?, ?)"), session.prepare(f"SELECT v FROM {table} WHERE k = ?")
    keys, failures = itertools.count(), []

    def fifty_in_a_row():
        """Written at the driver's own consistency, a quorum, and read: every partition, whoever holds it."""
        try:
            for key in itertools.islice(keys, 50):
                session.execute(insert, (key, f"value {key}"))
                assert session.execute(select, (key,)).rows == [(f"value {key}",)]
            return True
        except DriverError as problem:
            failures.append(problem)
            return False

    def answering():
        return {session.execute("SELECT rpc_address FROM system.local").rows[0][0] for _ in range(30)}

    assert fifty_in_a_row(), failures
    victim = three_nodes.node(next(victims))
    three_nodes.kill(victim.number)
    try:
        wait_for(fifty_in_a_row, 60)
        assert victim.address not in answering()
    finally:
        three_nodes.restart(victim.number, timeout_seconds=600)
    wait_for(fifty_in_a_row, 60)
    if application.way == "bundle":  # the others see one node
        wait_for(lambda: victim.address in answering(), 150)  # the slowest of them tries a lost node every minute
