"""Fixtures of the export tests, and the parity table at the end of a run."""

from collections.abc import Callable
from typing import Any

import pytest
from family_models import FamilyModel
from parity_table import RecordParity, Row, table_lines

ROWS = pytest.StashKey[list[Row]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


@pytest.fixture(scope="session")
def record_parity(request: pytest.FixtureRequest) -> RecordParity:
    """Adds a row to the table, and fails where the difference is beyond its bound."""
    rows = request.config.stash[ROWS]

    def record(family: str, check: str, numbers: str, difference: float, bound: float) -> None:
        rows.append(Row(family, check, numbers, difference, bound))
        assert difference <= bound, f"{family}, {check}, {numbers}: {difference:.2e} is beyond {bound:.0e}"

    return record


@pytest.fixture(scope="session")
def family_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], FamilyModel]:
    """The model of a family, or of a variant, made on first use."""
    made: dict[str, FamilyModel] = {}

    def model(name: str) -> FamilyModel:
        if name not in made:
            made[name] = FamilyModel(name, tmp_path_factory.mktemp("family"))
        return made[name]

    return model


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if rows := config.stash[ROWS]:
        terminalreporter.section("parity: largest absolute difference from the PyTorch reference")
        for line in table_lines(rows):
            terminalreporter.write_line(line)
