"""The sliding window: what it counts and when it forgets, in the cases resilience4j asks of its own."""

import random

from integrations.http.window import Window

START = 1_700_000_000.0


def counts(window: Window) -> tuple[int, int, int]:
    return window.calls, window.failures, window.slow


def test_a_new_window_is_empty() -> None:
    assert counts(Window(5)) == (0, 0, 0)


def test_each_kind_of_outcome_is_counted() -> None:
    window = Window(5)
    for failed, slow in [(False, False), (True, False), (False, True), (True, True)]:
        window.add(START, failed, slow)
    assert counts(window) == (4, 2, 2)


def test_calls_within_one_second_share_a_bucket_and_leave_together() -> None:
    window = Window(5)
    window.add(START + 0.1, True, False)
    window.add(START + 0.9, False, False)
    window.roll(START + 4.99)
    assert counts(window) == (2, 1, 0)
    window.roll(START + 5.0)
    assert counts(window) == (0, 0, 0)


def test_the_oldest_second_leaves_first() -> None:
    window = Window(5)
    for second in range(5):
        window.add(START + second, second == 0, second == 1)
    assert counts(window) == (5, 1, 1)
    window.roll(START + 5)
    assert counts(window) == (4, 0, 1)
    window.roll(START + 6)
    assert counts(window) == (3, 0, 0)


def test_a_long_silence_forgets_everything() -> None:
    window = Window(5)
    window.add(START, True, True)
    window.add(START + 1_000_000, False, False)
    assert counts(window) == (1, 0, 0)


def test_a_silence_shorter_than_the_window_forgets_a_part() -> None:
    window = Window(5)
    window.add(START, True, False)
    window.add(START + 3, True, False)
    window.add(START + 6, False, False)
    assert counts(window) == (2, 1, 0)


def test_a_clock_that_went_back_loses_nothing_and_is_followed() -> None:
    window = Window(5)
    window.add(START, True, False)
    window.add(START - 100, True, False)
    assert counts(window) == (2, 2, 0)
    window.roll(START - 95)
    assert counts(window) == (0, 0, 0)


def test_after_clearing_it_counts_anew() -> None:
    window = Window(5)
    window.add(START, True, True)
    window.clear()
    window.add(START + 1, False, False)
    assert counts(window) == (1, 0, 0)


def test_it_agrees_with_a_plain_list_of_all_calls() -> None:
    dice = random.Random(1)
    for _ in range(50):
        size, now = dice.randint(1, 12), START
        window = Window(size)
        kept: list[tuple[int, bool, bool]] = []
        for _ in range(200):
            now += dice.choice([0.0, 0.2, 0.9, 1.0, 3.7, size - 0.5, size * 1.0])
            failed, slow = dice.random() < 0.4, dice.random() < 0.2
            window.add(now, failed, slow)
            kept.append((int(now), failed, slow))
            live = [call for call in kept if int(now) - call[0] < size]
            assert counts(window) == (len(live), sum(call[1] for call in live), sum(call[2] for call in live))
