import time
from pathlib import Path

import pytest

from lsp_server.ignore_rules import Rules
from lsp_server.privacy import Privacy


@pytest.mark.parametrize(
    "path",
    [
        "/w/.env",
        "/w/.env.production",
        "/w/app/prod.env",
        "/w/.ENV",
        "/w/certs/server.pem",
        "/home/u/.ssh/config",
        "/home/u/.ssh/id_ed25519",
        "/w/id_rsa.bak",
        "/home/u/.aws/credentials",
        "/w/secrets.yaml",
        "/w/infra/prod.tfvars",
        "C:\\Users\\u\\.env",
    ],
)
def test_secret_names(path: str) -> None:
    assert Privacy().secret(path)


@pytest.mark.parametrize(
    "path", ["/w/env.py", "/w/environment.ts", "/w/key.py", "/w/src/tokens.py", "/w/.envoy/a.py"]
)
def test_ordinary_names(path: str) -> None:
    assert not Privacy().secret(path)


def test_the_workspaces_own_rules(tmp_path: Path) -> None:
    (tmp_path / ".spanfillignore").write_text("# comment\n/private/\n*.sql\n!schema.sql\n")
    (tmp_path / ".gitignore").write_text("build/\nlocal_*\n")
    privacy = Privacy([tmp_path])
    assert privacy.secret(f"{tmp_path}/private/a.py")
    assert not privacy.secret(f"{tmp_path}/sub/private/a.py")
    assert privacy.secret(f"{tmp_path}/db/dump.sql")
    assert not privacy.secret(f"{tmp_path}/db/schema.sql")
    assert privacy.secret(f"{tmp_path}/local_password.py")  # ignored by git, and its name hints at a secret
    assert not privacy.secret(f"{tmp_path}/local_notes.py")
    assert not privacy.secret(f"{tmp_path}/password.py")
    assert not privacy.secret("/elsewhere/private/a.py")


def test_extra_globs_and_disabled_globs(tmp_path: Path) -> None:
    assert Privacy(extra_globs=["*.vault"]).secret("/w/a.vault")
    privacy = Privacy([tmp_path])
    assert privacy.matches(f"{tmp_path}/docs/a.md", ("/docs/**",))
    assert not privacy.matches(f"{tmp_path}/src/a.md", ("/docs/**",))


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.py", "a/b.py", True),
        ("*.py", "a/b.pyc", False),
        ("a/*.py", "a/b.py", True),
        ("a/*.py", "a/c/b.py", False),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("**/b", "x/b", True),
        ("/a", "x/a", False),
        ("a?c", "abc", True),
        ("[ab].c", "b.c", True),
        ("[!ab].c", "b.c", False),
        ("a[", "a[", True),
        ("(", "(", True),
        ("dir/", "dir/file", True),
        ("dir/", "x/dir/y/file", True),
        ("a.py", "a.py/b", True),
        ("a", "ab", False),
    ],
)
def test_patterns(pattern: str, path: str, matches: bool) -> None:
    assert Rules([pattern]).match(path) is matches


@pytest.mark.parametrize(
    ("patterns", "path", "matches"),
    [
        (["a/b"], "a/b", True),
        (["a/b"], "x/a/b", False),  # a slash inside ties it to the file's own folder
        (["**/a/b"], "x/a/b", True),
        (["*.log", "!keep.log"], "x/keep.log", False),
        (["!keep.log", "*.log"], "x/keep.log", True),
        (["build/", "!build/keep.py"], "build/keep.py", True),  # its folder is ignored
        (["build/*", "!build/keep.py"], "build/keep.py", False),
    ],
)
def test_patterns_of_an_ignore_file(patterns: list[str], path: str, matches: bool) -> None:
    assert Rules(patterns, anchored=True).match(path) is matches


@pytest.mark.parametrize("name", [".spanfillignore", ".gitignore"])
def test_ignore_files_in_folders_count_from_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / name).write_text("token_*.py\n")
    (tmp_path / "sub" / name).write_text("!token_ok.py\n/deep/token.txt\n")
    privacy = Privacy([tmp_path])
    assert privacy.secret(f"{tmp_path}/token_ok.py")
    assert privacy.secret(f"{tmp_path}/sub/token_other.py")
    assert not privacy.secret(f"{tmp_path}/sub/token_ok.py")
    assert privacy.secret(f"{tmp_path}/sub/deep/token.txt")
    assert not privacy.secret(f"{tmp_path}/deep/token.txt")


@pytest.mark.parametrize("name", [".spanfillignore", ".gitignore"])
def test_a_changed_ignore_file_counts_at_once(tmp_path: Path, name: str) -> None:
    privacy, path = Privacy([tmp_path]), f"{tmp_path}/token_a.py"
    assert not privacy.secret(path)
    (tmp_path / name).write_text("token_b.py\n")
    assert not privacy.secret(path)
    (tmp_path / name).write_text("token_a.py\n")
    assert privacy.secret(path)
    (tmp_path / name).unlink()
    assert not privacy.secret(path)


def test_what_may_be_read_unopened(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("generated/\n")
    (tmp_path / ".spanfillignore").write_text("internal/\n")
    privacy = Privacy([tmp_path])
    assert privacy.readable(f"{tmp_path}/src/a.py")
    for path in ("generated/a.py", "internal/a.py", "src/.env", "key.pem"):
        assert not privacy.readable(f"{tmp_path}/{path}")
    assert not privacy.readable("/elsewhere/a.py")
    assert not Privacy().readable("/anywhere/a.py")


def test_asking_costs_next_to_nothing(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("".join(f"folder{n}/*.tmp\n" for n in range(200)))
    privacy, path = Privacy([tmp_path]), f"{tmp_path}/a/b/c/d/token.py"
    privacy.secret(path)
    started = time.perf_counter()
    for _ in range(20):
        privacy.secret(path)
    assert (time.perf_counter() - started) / 20 < 0.005  # 0.05 ms on an idle machine
