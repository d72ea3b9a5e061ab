"""Asking the service as a client does, without a web server in between."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from astropy.io import votable
from django.test import AsyncClient


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    media_type: str
    body: bytes

    @property
    def resource(self) -> Any:
        """The results' resource of a VOTable, read strictly."""
        return votable.parse(io.BytesIO(self.body), verify="exception").resources[0]

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """The table's rows."""
        return [tuple(row) for row in self.resource.tables[0].array]

    @property
    def statuses(self) -> list[str]:
        """Every QUERY_STATUS, in order."""
        return [i.value for i in self.resource.infos if i.name == "QUERY_STATUS"]

    @property
    def error(self) -> str:
        """The text of an error document."""
        info = self.resource.infos[0]
        assert (info.name, info.value) == ("QUERY_STATUS", "ERROR")
        return str(info.content)


@async_to_sync
async def _answer(method: str, path: str, data: Any, **options: Any) -> Answer:
    response = await getattr(AsyncClient(), method)(path, data, **options)
    if response.streaming and method == "head":
        body = b"".join(response.streaming_content)  # Django's client has taken it away
    elif response.streaming:
        body = b"".join([piece async for piece in response.streaming_content])
    else:
        body = response.content
    return Answer(response.status_code, response["Content-Type"], body)


@pytest.fixture
def get() -> Callable[..., Answer]:
    """GET an address."""
    return lambda path, data=None, **options: _answer("get", path, data, **options)


@pytest.fixture
def head() -> Callable[..., Answer]:
    """HEAD of an address."""
    return lambda path, data=None, **options: _answer("head", path, data, **options)


@pytest.fixture
def post() -> Callable[..., Answer]:
    """POST to an address."""
    return lambda path, data=None, **options: _answer("post", path, data, **options)


@pytest.fixture
def query(get: Callable[..., Answer]) -> Callable[..., Answer]:
    """Ask `/tap/sync`."""

    def ask(text: str, **parameters: Any) -> Answer:
        return get("/tap/sync", {"LANG": "ADQL", "QUERY": text, **parameters})

    return ask


@pytest.fixture
def observations(transactional_db: None) -> None:
    """Rows in ``ivoa.obscore``."""
    import sample_observations

    sample_observations.enter()
