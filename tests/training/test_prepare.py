"""From packages to a corpus, through pip with a folder in the network's place."""

import gzip
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from wheels import write_wheel

from export.corpus import registries
from export.corpus.packages import Package
from export.training.batches import load_split
from export.training.prepare import prepare
from export.training.vocabulary import load_tokenizer
from runtime.errors import InputError

NAMES = ("apple", "pear", "plum", "cherry", "quince", "medlar", "grape", "fig")
TASK = "def fruit_of_the_day(tree, day):\n    return tree.branches[day].fruits[0].name.title()\n"


def module(seed: int) -> str:
    rng = random.Random(seed)
    functions = []
    for _ in range(12):
        first, second, third = (rng.choice(NAMES) for _ in range(3))
        name = f"{first}_{rng.choice(NAMES)}_{rng.randrange(99)}"
        functions.append(
            f"def {name}({second}, {third}):\n"
            f"    total = {second}.count({third})\n"
            f"    return total + {rng.randrange(9)}\n"
        )
    return "\n\n".join(functions)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two packages, the only one that pip may take from."""
    folder = tmp_path / "index"
    seen = {f"seen/m{number}.py": module(number) for number in range(6)}
    seen["seen/copy.py"] = seen["seen/m0.py"]
    seen["seen/task.py"] = TASK + module(50)
    write_wheel(folder, "seen", seen)
    unseen = {f"unseen/m{number}.py": module(100 + number) for number in range(3)}
    # Also in the other package: it is validation text, and not trained on.
    unseen["unseen/shared.py"] = seen["seen/m1.py"]
    write_wheel(folder, "unseen", unseen)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


def listed(index: Path) -> list[Package]:
    found = [
        registries.describe(index / f"{name}-1.0-py3-none-any.whl", "pypi") for name in ("seen", "unseen")
    ]
    return [
        replace(package, split=split)
        for package, split in zip(found, ("train", "validation"), strict=True)
        if package is not None
    ]


def test_packages_become_a_corpus(index: Path, tmp_path: Path) -> None:
    task = tmp_path / "tasks.jsonl.gz"
    task.write_bytes(gzip.compress(json.dumps({"prompt": TASK, "test": "assert fruit_of_the_day"}).encode()))
    out = tmp_path / "corpus"

    corpus = prepare(listed(index), tmp_path / "wheels", [task], out, lambda _: None)

    assert corpus.dropped == {"unfit": 0, "held out": 1, "duplicate": 2, "limit": 0}
    assert (corpus.kept["seen-1.0-py3-none-any.whl"][0], corpus.kept["unseen-1.0-py3-none-any.whl"][0]) == (
        5,
        4,
    )
    tokenizer = load_tokenizer(out / "tokenizer.json")
    train, validation = (
        tokenizer.decode(load_split(out, name).tokens.tolist()) for name in ("train", "validation")
    )
    assert module(2) in train
    assert module(1) in validation
    assert module(1) not in train
    assert "fruit_of_the_day" not in train + validation
    summary = json.loads((out / "corpus.json").read_text())
    assert summary["files"] == {"train": 5, "validation": 4}
    assert summary["bytes"]["train"] == corpus.kept["seen-1.0-py3-none-any.whl"][1] == len(train.encode())
    counted = {entry["name"]: entry["files"] for entry in json.loads((out / "packages.json").read_text())}
    assert counted == {"seen": 5, "unseen": 4}


def test_a_corpus_is_made_the_same_twice(index: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        prepare(listed(index), tmp_path / "wheels", [], tmp_path / name, lambda _: None)

    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_a_licence_that_is_not_the_listed_one_is_refused(index: Path, tmp_path: Path) -> None:
    changed = [replace(package, licence="ISC") for package in listed(index)]

    with pytest.raises(InputError, match=r"licence of unseen 1\.0 is not ISC"):
        prepare(changed, tmp_path / "wheels", [], tmp_path / "corpus", lambda _: None)


def test_without_validation_packages_there_is_no_corpus(index: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No file is left for the validation part"):
        prepare(listed(index)[:1], tmp_path / "wheels", [], tmp_path / "corpus", lambda _: None)
