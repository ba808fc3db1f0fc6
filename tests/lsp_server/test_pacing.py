from lsp_server.pacing import Pacing


def typing(interval_ms: float, latency_ms: float) -> Pacing:
    pacing = Pacing()
    for key in range(40):
        pacing.key_pressed(key * interval_ms)
        pacing.model_answered(latency_ms)
    return pacing


def delay(interval_ms: float, latency_ms: float) -> float:
    return typing(interval_ms, latency_ms).delay_ms(39 * interval_ms)


def test_a_slow_model_is_asked_only_once_the_typing_pauses() -> None:
    assert 150 < delay(150, 800) < 250


def test_a_fast_model_is_asked_between_the_keys() -> None:
    assert delay(150, 40) < 40


def test_the_pause_is_bounded() -> None:
    assert delay(900, 5000) == 350
    assert delay(1, 1) == 20


def test_the_pause_counts_from_the_last_key() -> None:
    pacing = typing(150, 800)
    assert pacing.delay_ms(39 * 150 + 1000) == 0
    assert pacing.delay_ms(39 * 150, fixed_ms=80) == 80
    assert pacing.delay_ms(39 * 150 + 30, fixed_ms=80) == 50


def test_no_key_no_pause() -> None:
    assert Pacing().delay_ms(5) == 0
