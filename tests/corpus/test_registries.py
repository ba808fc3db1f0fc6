"""What npm's and Debian's archives say of themselves; files of other languages than Python."""

import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from export.corpus.archives import language_of, read_files
from export.corpus.registries import describe
from export.corpus.source_files import clean
from runtime.errors import InputError

GO = "// Copyright somebody. Licensed under MIT.\n\npackage a\n\n" + "".join(
    f"func Add{n}(x int, y int) int {{\n\treturn x + y + {n}\n}}\n\n" for n in range(30)
)


def write_npm(folder: Path, licence: object, files: dict[str, str]) -> Path:
    path = folder / "a-1.0.0.tgz"
    described = {"name": "@some/a", "version": "1.0.0", "license": licence}
    with tarfile.open(path, "w:gz") as tar:
        for name, text in {"package.json": json.dumps(described), **files}.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return path


def write_deb(folder: Path, copyright_file: str, files: dict[str, str]) -> Path:
    root = folder / "root"
    control = root / "DEBIAN" / "control"
    control.parent.mkdir(parents=True)
    control.write_text(
        "Package: a-dev\nVersion: 1:2.0-1\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: a\n"
    )
    for name, text in {"usr/share/doc/a-dev/copyright": copyright_file, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    path = folder / "a-dev_1%3a2.0-1_all.deb"
    subprocess.run(["dpkg-deb", "--build", str(root), str(path)], check=True, capture_output=True)
    return path


@pytest.mark.parametrize(
    ("licence", "files", "expected"),
    [
        ("MIT", {"LICENSE": "MIT"}, "MIT"),
        ("(MIT OR Apache-2.0)", {"license.md": "MIT"}, "(MIT OR Apache-2.0)"),
        ("MIT", {}, None),
        ("GPL-3.0", {"LICENSE": "GPL"}, None),
        ({"type": "MIT"}, {"LICENSE": "MIT"}, None),
        (None, {"LICENSE": "MIT"}, None),
    ],
)
def test_npm(tmp_path: Path, licence: object, files: dict[str, str], expected: str | None) -> None:
    found = describe(write_npm(tmp_path, licence, files), "npm")
    assert (found.licence if found else None) == expected
    assert found is None or (found.name, found.version) == ("@some/a", "1.0.0")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ("Files: *\nLicense: Expat\n", "MIT"),
        ("Files: *\nLicense: GPL-2 or BSD-3-clause\n\nFiles: debian/*\nLicense: GPL-3\n", "BSD-3-Clause"),
        ("Files: *\nLicense: MIT and Apache-2.0\n", "Apache-2.0 AND MIT"),
        ("Files: *\nLicense: Expat\n\nFiles: b/*\nLicense: GPL-3\n", None),
        ("Files: *\nCopyright: somebody\n", None),
        ("This is free, says the author.\n", None),
    ],
)
@pytest.mark.skipif(not Path("/usr/bin/dpkg-deb").exists(), reason="needs dpkg-deb")
def test_debian(tmp_path: Path, files: str, expected: str | None) -> None:
    archive = write_deb(tmp_path, f"Format: 1.0\n\n{files}", {"usr/share/gocode/a.go": GO})
    found = describe(archive, "debian")
    assert (found.licence if found else None) == expected
    assert found is None or (found.name, found.version) == ("a-dev", "1:2.0-1")
    assert read_files(archive, lambda path: language_of(path) == "go") == [
        ("usr/share/gocode/a.go", GO.encode())
    ]


def test_a_damaged_archive(tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(b"nothing")
    with pytest.raises(InputError, match="can't be read"):
        describe(tmp_path / "a.tgz", "npm")


def test_other_languages_keep_their_tabs_and_lose_their_header() -> None:
    assert clean("src/a.go", GO.encode()) == GO[GO.index("package") :]
    assert clean("src/a_test.go", GO.encode()) is None
    assert clean("src/a.go", (GO + "func {").encode()) is None
    assert clean("src/a.unknown", GO.encode()) is None
    assert language_of("a.d.ts") is language_of("a.min.js") is None
