"""Wheels made by hand."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

MIT = "MIT License\n\nPermission is hereby granted, free of charge, to any person"


def write_wheel(
    folder: Path,
    name: str,
    files: Mapping[str, str],
    *,
    metadata: str = "License-Expression: MIT\n",
    licence_text: str | None = MIT,
) -> Path:
    """A wheel of `files`; it is an archive, nothing of it runs."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(zipfile.ZipInfo(file), text)
        head = f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n{metadata}\n"
        archive.writestr(zipfile.ZipInfo(f"{info}/METADATA"), head)
        archive.writestr(zipfile.ZipInfo(f"{info}/WHEEL"), "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD"), "")
        if licence_text is not None:
            archive.writestr(zipfile.ZipInfo(f"{info}/licenses/LICENSE"), licence_text)
    return path
