from pathlib import Path

import pytest

from lsp_server.privacy import Privacy, Rules


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
    ],
)
def test_patterns(pattern: str, path: str, matches: bool) -> None:
    assert Rules([pattern]).match(path) is matches
