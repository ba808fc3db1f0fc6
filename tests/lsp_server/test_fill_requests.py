from lsp_server.fill_requests import MAX_TOKENS, request_for


def test_the_request_is_the_text_around_the_hole() -> None:
    text = 'def f(x):\n    """Doc."""\n    return x\n\ny = 1\n'
    hole, request = request_for(text, 0, mode="function", path="a.py")
    assert text[hole.start : hole.end] == "    return x"
    assert request.prefix == text[: hole.start]
    assert request.suffix == text[hole.end :]
    assert request.previous == "    return x"
    assert (request.language, request.path, request.mode) == ("python", "a.py", "function")
    assert request.max_tokens == MAX_TOKENS["function"]


def test_lone_surrogates_reach_no_tokenizer_and_move_no_offset() -> None:
    text = "a = '\ud800'\nb = "
    hole, request = request_for(text, len(text))
    assert hole.start == len(text) == len(request.prefix)
    request.prefix.encode()


def test_whether_the_suffix_ends_the_file() -> None:
    text = "x = \n" + "y = 1\n" * 1000
    assert not request_for(text, 4)[1].ends_file
    assert request_for(text, len(text) - 1)[1].ends_file
