from lsp_server.documents import Document
from lsp_server.neighbours import Neighbours


def file(name: str, lines: int = 100) -> Document:
    return Document(name, "\n".join(f"{name} line {number}" for number in range(lines)))


def test_the_latest_chunks_of_other_files_come_last() -> None:
    ring = Neighbours()
    for name in ("a", "b", "c"):
        ring.visit(file(name), name, 50)
    assert [path for path, _ in ring.chunks("b", 10_000)] == ["a", "c"]
    assert "a line 30\n" in ring.chunks("b", 10_000)[0][1]
    assert "a line 29\n" not in ring.chunks("b", 10_000)[0][1]


def test_the_limit_leaves_the_oldest_out() -> None:
    ring = Neighbours()
    for name in ("a", "b", "c"):
        ring.visit(file(name), name, 50)
    one = len(ring.chunks("x", 10_000)[0][1])
    assert [path for path, _ in ring.chunks("x", one * 2)] == ["b", "c"]
    assert ring.chunks("x", one - 1) == ()


def test_an_edit_nearby_replaces_and_one_far_away_adds() -> None:
    ring = Neighbours()
    document = file("a", 300)
    ring.visit(document, "a", 50)
    ring.visit(document, "a", 55)
    ring.visit(document, "a", 200)
    assert len(ring.chunks("x", 100_000)) == 2


def test_copies_count_once_and_blank_parts_not_at_all() -> None:
    ring = Neighbours()
    ring.visit(file("a"), "a", 50)
    copy = file("a")
    copy.uri = "copy"
    ring.visit(copy, "copy", 50)
    ring.visit(Document("blank", "\n" * 100), "blank", 50)
    assert [path for path, _ in ring.chunks("x", 100_000)] == ["copy"]


def test_the_ring_is_bounded() -> None:
    ring = Neighbours()
    for number in range(40):
        ring.visit(file(f"f{number}x"), str(number), 0)
    assert len(ring.chunks("x", 10**6)) == 16
