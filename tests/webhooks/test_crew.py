"""So many at work and no more, and nobody's word is lost."""

import threading

from webhooks.crew import Crew


def test_no_more_than_so_many_work_at_once_and_who_is_turned_away_leaves_word() -> None:
    crew, inside, go = Crew(2), threading.Semaphore(0), threading.Event()
    rounds: list[int] = []

    def work() -> int:
        rounds.append(1)
        inside.release()
        assert go.wait(60)
        return 1

    results: list[int] = []
    threads = [threading.Thread(target=lambda: results.append(crew.work(work))) for _ in range(2)]
    for thread in threads:
        thread.start()
        assert inside.acquire(timeout=60)
    assert crew.work(work) == 0
    assert len(rounds) == 2
    go.set()
    for thread in threads:
        thread.join(60)
    assert sum(results) == len(rounds) == 3


def test_whatever_comes_while_others_are_at_work_is_seen_by_somebody() -> None:
    """Each puts a thing down and calls the crew: nothing is left when all have gone home."""
    crew, lock, things = Crew(1), threading.Lock(), []
    taken: list[int] = []

    def work() -> int:
        with lock:
            found, things[:] = list(things), []
        taken.extend(found)
        return len(found)

    def bring(number: int) -> None:
        for step in range(200):
            with lock:
                things.append(number * 1000 + step)
            crew.work(work)

    threads = [threading.Thread(target=bring, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert things == []
    assert len(taken) == len(set(taken)) == 1600


def test_one_that_breaks_leaves_its_place_to_the_next() -> None:
    crew = Crew(1)

    def broken() -> int:
        raise ZeroDivisionError

    for _ in range(3):
        try:
            crew.work(broken)
        except ZeroDivisionError:
            continue
        raise AssertionError("it was turned away")
    assert crew.work(lambda: 5) == 5
