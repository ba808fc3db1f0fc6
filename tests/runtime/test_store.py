import os
import subprocess
import sys
from pathlib import Path

import pytest
from model_folders import make_folder, make_manifest

from runtime import store
from runtime.errors import FetchError, ModelError
from runtime.manifest import FILE_NAME


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPANFILL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def install(name: str) -> Path:
    return make_folder(store.models_folder() / name)


def download(name: str = "tiny.gguf") -> Path:
    store.make_folders()
    path = store.downloads_folder() / name
    path.write_bytes(b"gguf")
    return path


def test_home_follows_the_environment(home: Path) -> None:
    assert store.home() == home
    assert store.models_folder() == home / "models"
    assert store.downloads_folder() == home / "downloads"


def test_home_expands_the_users_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("SPANFILL_HOME", "~/models here")
    assert store.home() == tmp_path / "models here"


def test_home_is_in_the_cache_folder_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPANFILL_HOME")
    assert store.home().is_absolute()
    assert "spanfill" in store.home().parts


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("default", store.DEFAULT_MODEL),
        ("default-int4", f"{store.DEFAULT_MODEL}-int4"),
        ("defaults", "defaults"),
        ("other", "other"),
    ],
)
def test_the_default_alias_is_replaced(name: str, meaning: str) -> None:
    assert store.canonical(name) == meaning


def test_nothing_is_installed_where_there_is_no_folder() -> None:
    assert store.installed() == {}


def test_only_folders_with_a_manifest_are_installed() -> None:
    install("b")
    install("a")
    install(".c.part")
    (store.models_folder() / "empty").mkdir()
    (store.models_folder() / "file").write_text("")
    assert list(store.installed()) == ["a", "b"]


@pytest.mark.parametrize("name", [None, "default", store.DEFAULT_MODEL])
def test_the_default_model_resolves(name: str | None) -> None:
    folder = install(store.DEFAULT_MODEL)
    assert store.resolve(name) == folder


def test_an_installed_variant_resolves_by_alias() -> None:
    folder = install(f"{store.DEFAULT_MODEL}-int4")
    assert store.resolve("default-int4") == folder


def test_paths_resolve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    for given in (folder, str(folder), "./mine", "mine", Path("mine")):
        assert store.resolve(given) == folder


def test_an_installed_name_wins_over_a_folder_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = make_folder(tmp_path / "same")
    there = install("same")
    monkeypatch.chdir(tmp_path)
    assert store.resolve("same") == there
    assert store.resolve(Path("same")) == here


def test_what_is_not_installed_says_how_to_pull_it() -> None:
    with pytest.raises(ModelError, match="Run `spanfill models pull default`"):
        store.resolve()
    install("other")
    with pytest.raises(ModelError, match=r"Run `spanfill models pull default-int4`\. Installed: other\."):
        store.resolve("default-int4")


def test_a_folder_without_a_manifest_does_not_resolve(tmp_path: Path) -> None:
    for given in (tmp_path, str(tmp_path), "./nowhere"):
        with pytest.raises(ModelError, match="not a model folder"):
            store.resolve(given)


def test_removing_a_model_removes_its_download() -> None:
    folder, file = install("one"), download()
    part = download("tiny.gguf.part")
    other = download("other.gguf")
    assert store.remove("one") == [folder, file, part]
    assert not folder.exists()
    assert not file.exists()
    assert other.exists()
    assert [path.name for path in store.models_folder().iterdir()] == []


def test_a_download_stays_while_another_model_needs_it() -> None:
    first, second, file = install("one"), install("two"), download()
    assert store.remove("one") == [first]
    assert file.exists()
    assert store.remove("two") == [second, file]


def test_a_model_with_a_damaged_manifest_can_be_removed() -> None:
    folder = install("one")
    (folder / FILE_NAME).write_text("{")
    assert store.remove("one") == [folder]
    assert store.installed() == {}


@pytest.mark.parametrize("name", ["nothing", "../one", ".", "..", "", "/"])
def test_only_installed_models_are_removed(name: str) -> None:
    folder = install("one")
    with pytest.raises(ModelError, match="is not installed"):
        store.remove(name)
    assert folder.exists()


def test_a_source_name_can_not_delete_outside_the_downloads(tmp_path: Path) -> None:
    store.make_folders()
    victim = tmp_path / "home" / "victim"
    victim.write_text("")
    source = make_manifest().source
    outside = type(source)(repository="a/b", revision="c", file="../victim", sha256="0" * 64)
    make_folder(store.models_folder() / "one", source=outside)
    store.remove("one")
    assert victim.exists()


def test_a_model_being_pulled_is_not_removed() -> None:
    folder = install("one")
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from runtime import store\n"
            "with store.lock('tiny.gguf'):\n    print('held', flush=True)\n    input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ModelError, match="Another spanfill"):
            store.remove("one")
        assert folder.exists()
        holder.communicate("\n")
    assert store.remove("one")


def test_a_home_that_can_not_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPANFILL_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(FetchError, match="Set SPANFILL_HOME"):
        store.make_folders()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_home_is_named(home: Path) -> None:
    store.make_folders()
    (home / "models").chmod(0o500)
    with pytest.raises(FetchError, match="Set SPANFILL_HOME"):
        store.make_folders()


def test_the_runtime_layer_imports_no_layer_above() -> None:
    code = (
        "import sys, runtime.store, runtime.providers, runtime.manifest\n"
        "above = {'export', 'lsp_server', 'onnxruntime'}\n"
        "print([name for name in sys.modules if name.split('.')[0] in above])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
