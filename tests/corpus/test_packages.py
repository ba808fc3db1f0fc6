"""The package list: only permissive licences, only the pinned bytes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from wheels import write_wheel

from export.corpus import packages, registries
from export.corpus.archives import language_of, read_files
from export.training.cli import PACKAGE_LIST
from runtime.errors import FetchError, InputError


@pytest.mark.parametrize(
    ("expression", "free_text", "classifiers", "expected"),
    [
        ("MIT", "", [], "MIT"),
        ("Apache-2.0 AND MIT", "", [], "Apache-2.0 AND MIT"),
        ("MIT AND MPL-2.0", "", [], None),
        ("GPL-3.0-only OR MIT", "", [], None),
        ("", "BSD-3-Clause", [], "BSD-3-Clause"),
        ("", "Apache License 2.0", [], "Apache-2.0"),
        ("", "BSD 3-Clause License\n\nCopyright (c) ...", [], "BSD-3-Clause"),
        ("", "", ["License :: OSI Approved :: MIT License"], "MIT"),
        ("", "", ["License :: OSI Approved :: Python Software Foundation License"], "PSF-2.0"),
        ("", "MIT", ["License :: OSI Approved :: GNU General Public License (GPL)"], None),
        ("", "Mozilla Public License", [], None),
        ("", "see LICENSE file", [], None),
        ("", "", [], None),
        # A word inside another is no licence.
        ("", "Limited permission", [], None),
    ],
)
def test_only_clearly_permissive_metadata_name_a_licence(
    expression: str, free_text: str, classifiers: list[str], expected: str | None
) -> None:
    assert packages.spdx(expression, free_text, classifiers) == expected


def test_a_wheel_is_described_by_what_is_in_it(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "apples", {"apples/b.py": "b", "apples/a.py": "a", "apples/data.txt": "-"})

    package = registries.describe(wheel, "pypi")

    assert package is not None
    assert (package.name, package.version, package.licence) == ("apples", "1.0", "MIT")
    assert package.archive == wheel.name
    assert read_files(wheel, lambda path: language_of(path) is not None) == [
        ("apples/a.py", b"a"),
        ("apples/b.py", b"b"),
    ]


def test_a_wheel_without_a_licence_text_is_not_taken(tmp_path: Path) -> None:
    assert registries.describe(write_wheel(tmp_path, "apples", {}, licence_text=None), "pypi") is None


def test_a_list_reads_as_it_was_written(tmp_path: Path) -> None:
    package = registries.describe(write_wheel(tmp_path, "apples", {}), "pypi")
    assert package is not None
    packages.write_list(tmp_path / "list.json", [package], {package.archive: (3, 400)})

    assert packages.read_list(tmp_path / "list.json") == [package]
    entry = json.loads((tmp_path / "list.json").read_text())[0]
    assert (entry["files"], entry["bytes"]) == (3, 400)


@pytest.mark.parametrize("text", ["", "{", "[{}]", '[{"name": "x"}]', "3"])
def test_a_list_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "list.json").write_text(text)

    with pytest.raises(InputError, match=r"package list .* can't be read"):
        packages.read_list(tmp_path / "list.json")


def test_archives_that_are_there_and_right_are_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = registries.describe(write_wheel(tmp_path, "apples", {}), "pypi")
    assert package is not None
    monkeypatch.setattr(registries.subprocess, "run", lambda *_, **__: pytest.fail("pip was called"))

    registries.fetch([package], tmp_path)


def test_bytes_that_differ_from_the_pinned_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = write_wheel(tmp_path / "index", "apples", {})
    package = registries.describe(offered, "pypi")
    assert package is not None
    # pip itself, with a folder in the network's place.
    for name in ("PIP_NO_INDEX", "PIP_ISOLATED"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")

    registries.fetch([package], tmp_path / "good")
    assert (tmp_path / "good" / package.archive).read_bytes() == offered.read_bytes()
    with pytest.raises(FetchError, match="could not fetch"):
        registries.fetch([replace(package, sha256="0" * 64)], tmp_path / "bad")


def test_the_committed_list_is_pinned_and_permissive() -> None:
    listed = packages.read_list(PACKAGE_LIST)

    assert len(listed) == len({package.name for package in listed}) > 50
    assert all(len(package.sha256) == 64 and package.archive.endswith(".whl") for package in listed)
    assert all(packages.spdx(package.licence, "", []) for package in listed)
    assert {package.split for package in listed} == {"train", "validation"}
