"""What many tests need."""

from collections.abc import Iterator

import pytest

from clocks import SteppedClock
from powerwall_fake_gateway import FakeGateway


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def fake() -> Iterator[FakeGateway]:
    with FakeGateway(password="password") as gateway:
        yield gateway
