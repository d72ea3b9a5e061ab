"""Uploaded tables on the reader's connection: what it may do then, and how fast they are joined."""

import copy
import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import pytest
from astropy.table import Table
from django.db import connection as django_connection

import adql
from adql.schema import Catalogue
from auth.principal import Principal
from tap import published
from tap.jobs import TapParameters, run
from tap.loading import load
from tap.reader import ReaderQuery, connect, reader_url
from tap.uploaded_tables import read, schema
from uws.errors import JobFailure
from uws.inputs import Inputs
from uws.parameters import check
from uws.types import JobContext

pytestmark = pytest.mark.django_db(transaction=True)


def document(count=100, ucds=True):
    """A list of positions as a VOTable."""
    rng = np.random.default_rng(1)
    table = Table({"ra": rng.uniform(0, 360, count), "dec": rng.uniform(-60, 60, count)})
    out = io.BytesIO()
    table.write(out, format="votable")
    text = out.getvalue()
    if ucds:
        for name in ("ra", "dec"):
            text = text.replace(
                b' name="%s"' % name.encode(),
                b' name="%s" ucd="pos.eq.%s"' % ((name.encode(),) * 2),
            )
    return io.BytesIO(text)


@pytest.fixture
def reader():
    """A cursor of the reader, in a transaction as a query with uploads has it."""
    with connect(reader_url(20, "test of uploads")) as connection, connection.cursor() as cursor:
        yield cursor


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TEMPORARY TABLE other (a int)",
        "CREATE TABLE ivoa.other (a int)",
        "SET TRANSACTION READ WRITE",
        "DELETE FROM ivoa.obscore",
    ],
)
def test_once_tables_are_loaded_nothing_more_can_be_written(reader, statement):
    load(reader, [read("mine", 1, document(), 1000)])
    reader.execute("SELECT count(*) FROM pg_temp.upload_1")
    assert reader.fetchone() == (100,)
    with pytest.raises(adbc.Error):
        reader.execute(statement)


@pytest.fixture
def many_observations(observations):
    """Some thousand observations all over the sky."""
    from archive.models import DataProduct, ObsCoreRow

    product, row = DataProduct.objects.first(), ObsCoreRow.objects.first()
    rng = np.random.default_rng(2)
    products, rows = [], []
    for number in range(5000):
        another = copy.copy(product)
        another.pk, another._state = None, copy.copy(product._state)
        another.product_id = another.path = f"made/{number}"
        another.obs_publisher_did = f"ivo://x-unregistered.test/made?{number}"
        products.append(another)
    for number, made in enumerate(DataProduct.objects.bulk_create(products)):
        observed = copy.copy(row)
        observed.pk, observed._state, observed.product = None, copy.copy(row._state), made
        observed.obs_publisher_did = made.obs_publisher_did
        observed.s_ra, observed.s_dec = rng.uniform(0, 360), rng.uniform(-60, 60)
        observed.obs_id = str(number)
        rows.append(observed)
    ObsCoreRow.objects.bulk_create(rows)
    with django_connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {ObsCoreRow._meta.db_table}")


#: Ways to say which observations are near a row of the upload.
NEAR = (
    "1 = CONTAINS(POINT(o.s_ra, o.s_dec), CIRCLE(m.ra, m.dec, 0.5))",
    "1 = CONTAINS(POINT('ICRS', m.ra, m.dec), CIRCLE('ICRS', o.s_ra, o.s_dec, 0.5))",
    "DISTANCE(POINT(o.s_ra, o.s_dec), POINT(m.ra, m.dec)) < 0.5",
    "DISTANCE(m.ra, m.dec, o.s_ra, o.s_dec) < 0.5",
    "1 = CONTAINS(POINT(m.ra, m.dec), o.s_region)",
)


def test_a_crossmatch_with_a_published_table_uses_an_index(reader, many_observations):
    upload = read("mine", 1, document(2000), 5000)
    catalogue = Catalogue((*published.catalogue().schemas, schema([upload])))
    load(reader, [upload])
    reader.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
    without = []
    for near in NEAR:
        text = f"SELECT o.obs_id, m.ra FROM ivoa.obscore AS o JOIN TAP_UPLOAD.mine AS m ON {near}"
        sql = adql.translate(text, catalogue, published.functions(), 100_000).sql
        reader.execute(f"EXPLAIN {sql}")
        plan = "\n".join(line for (line,) in reader.fetchall())
        if "Index Cond" not in plan:
            without.append((near, plan))
    assert without == []


def test_a_query_that_was_cancelled_loads_nothing():
    upload = read("mine", 1, document(), 1000)
    asked = ReaderQuery("SELECT 1", 20, synchronous=True, uploads=(upload,))
    asked.cancel()
    assert list(asked.batches()) == []


class Source(BaseHTTPRequestHandler):
    """Gives the table, and counts how often."""

    def do_GET(self):
        """The table."""
        self.server.asked += 1
        body = document(7).getvalue()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing."""


@pytest.fixture
def source():
    """A web server that holds a table."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Source)
    server.asked = 0
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_table_is_fetched_once_for_a_job_however_often_it_is_run(source, settings, tmp_path):
    settings.VO_TAP_UPLOAD_NETWORKS = "127.0.0.1"
    sent = {
        "QUERY": ("SELECT COUNT(*) AS n FROM TAP_UPLOAD.mine",),
        "FORMAT": ("csv",),
        "UPLOAD": (f"mine,http://127.0.0.1:{source.server_port}/mine.vot",),
    }
    for attempt in ("1", "2"):
        (tmp_path / attempt).mkdir()
        context = JobContext(
            "1",
            Principal(None, "", False),
            check(TapParameters, sent),
            tmp_path / attempt,
            inputs=Inputs(tmp_path / "inputs"),
        )
        run(context)
        assert context.results[0].path.read_text().split() == ["n", "7"]
    assert source.asked == 1


def test_a_table_is_fetched_for_a_synchronous_query(source, settings, query):
    settings.VO_TAP_UPLOAD_NETWORKS = "127.0.0.0/8"
    address = f"http://localhost:{source.server_port}/mine.vot"
    found = query("SELECT COUNT(ra) AS n FROM mine", UPLOAD=f"mine,{address}")
    assert found.rows == [(7,)]
    settings.VO_TAP_UPLOAD_MAX_BYTES = 100
    found = query("SELECT COUNT(ra) AS n FROM mine", UPLOAD=f"mine,{address}")
    assert (found.status, "larger than 100 bytes" in found.error) == (413, True)


def test_without_leave_a_job_fetches_nothing_from_this_network(source, tmp_path):
    sent = {
        "QUERY": ("SELECT * FROM mine",),
        "UPLOAD": (f"mine,http://127.0.0.1:{source.server_port}/",),
    }
    context = JobContext("1", Principal(None, "", False), check(TapParameters, sent), tmp_path)
    with pytest.raises(JobFailure, match="has no public address"):
        run(context)
    assert source.asked == 0
