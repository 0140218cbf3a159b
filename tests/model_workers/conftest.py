"""What the tests of the model workers share: the people who keep the register, and those who prepare allowances."""

import pytest

from tests.model_workers.bureau import Bureau
from tests.model_workers.register import AllowanceOffice


@pytest.fixture
def bureau() -> Bureau:
    return Bureau()


@pytest.fixture
def office(db) -> AllowanceOffice:
    """With rates and a rule of counting."""
    office = AllowanceOffice()
    office.parameters()
    return office
