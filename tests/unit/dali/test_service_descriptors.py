"""Services that are described beside a table, in each serialisation of VOTable."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import votable

from dali.fields import Field
from dali.services import Service
from dali.tables import TableStream
from dali.writers import binary, binary2, parquet, tabledata

LINKS = Service(
    name="links",
    description="What belongs to <each> row",
    access_url="https://vo.example/links?a=b&c=d",
    standard_id="ivo://ivoa.net/std/DataLink#links-1.1",
    content_type="application/x-votable+xml;content=datalink",
    parameter="ID",
    utype="obscore:Curation.publisherDID",
)
DID = Field("did", "char", "*", utype="obscore:curation.PublisherDID")


def written(write, *fields: Field, **more) -> bytes:
    batch = pa.record_batch([pa.array(["x"])] * len(fields), names=[f.name for f in fields])
    return b"".join(write(TableStream(fields, [batch], services=(LINKS,), **more)))


def document(write, *fields: Field, **more) -> votable.tree.VOTableFile:
    return votable.parse(io.BytesIO(written(write, *fields, **more)), verify="exception")


@pytest.mark.parametrize("write", [tabledata.write, binary.write, binary2.write])
def test_a_service_refers_to_the_column_that_it_takes(write):
    parsed = document(write, Field("name", "char", "*"), DID)
    results, service = parsed.resources
    assert results.type == "results"
    assert len(results.tables[0].array) == 1
    assert (service.type, service.utype) == ("meta", "adhoc:service")
    assert {param.name: param.value for param in service.params} == {
        "standardID": LINKS.standard_id,
        "accessURL": LINKS.access_url,
        "contentType": LINKS.content_type,
    }
    (group,) = service.groups
    (parameter,) = group.entries
    assert (group.name, parameter.name, parameter.ref) == ("inputParams", "ID", "did")
    assert parsed.get_first_table().get_field_by_id("did").name == "did"
    assert service.description == LINKS.description


@pytest.mark.parametrize(
    "field", [Field("did", "char", "*"), Field("my did", "char", "*", utype=DID.utype)]
)
def test_without_a_column_that_can_be_referred_to_nothing_is_described(field):
    assert written(tabledata.write, field).count(b"<RESOURCE") == 1


def test_an_overflow_is_said_in_the_results():
    parsed = document(tabledata.write, DID, limit=0)
    assert [info.value for info in parsed.resources[0].infos] == ["OK", "OVERFLOW"]
    assert len(parsed.resources) == 2


def test_the_description_in_a_parquet_file_has_the_service_too():
    metadata = pq.read_metadata(io.BytesIO(written(parquet.write, DID))).metadata
    assert any(b"adhoc:service" in value for value in metadata.values())
