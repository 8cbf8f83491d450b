"""What is let go of when too much is in memory."""

from remem.store.embedded.partitions import Budget


def test_nothing_is_in_excess_while_all_fits() -> None:
    budget = Budget(10)
    budget.hold("a", 4)
    budget.hold("b", 6)
    assert budget.excess("b") is None


def test_the_least_recently_used_is_in_excess() -> None:
    budget = Budget(10)
    for name in ("a", "b", "c"):
        budget.hold(name, 5)
    assert budget.excess("c") == "a"


def test_what_is_used_again_stays_longer() -> None:
    budget = Budget(10)
    for name in ("a", "b", "a", "c"):
        budget.hold(name, 5)
    assert budget.excess("c") == "b"


def test_what_is_in_use_stays_however_large_it_is() -> None:
    budget = Budget(10)
    budget.hold("a", 50)
    assert budget.excess("a") is None


def test_what_grows_counts_as_it_is() -> None:
    budget = Budget(10)
    for name, size in (("a", 2), ("b", 2), ("b", 9)):
        budget.hold(name, size)
    assert budget.excess("b") == "a"


def test_what_was_dropped_does_not_count() -> None:
    budget = Budget(10)
    for name in ("a", "b"):
        budget.hold(name, 6)
    budget.drop("a")
    budget.drop("never held")
    assert budget.excess("b") is None
    assert "a" not in budget
