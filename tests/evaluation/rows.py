"""Task rows for the tests of evaluation."""

import json
from pathlib import Path
from typing import Any


def row(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A single-line row whose solution passes."""
    return {
        "task_id": f"SingleLineInfilling/HumanEval/{number}/L1",
        "entry_point": "double",
        "prompt": 'def double(number):\n    """Twice the number."""\n',
        "suffix": "    return result\n",
        "canonical_solution": "    result = number * 2\n",
        "test": "def check(candidate):\n    assert candidate(2) == 4\n",
        **changes,
    }


def line(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A row of santacoder-fim: the line breaks around the hole are in none of its parts."""
    return {
        "name": f"HumanEval_{number}_double",
        "language": "py",
        "prompt": "def double(number):",
        "suffix": "    return result",
        "canonical_solution": "    result = number * 2",
        "tests": "def check(candidate):\n    assert candidate(2) == 4\n",
        **changes,
    }


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
