"""Random splits follow the protocol, and a person's draw does not depend on others."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from himpc.research.datasets.random_split import draw_split

PEOPLE = st.dictionaries(st.integers(0, 999).map(str), st.integers(1, 9), min_size=1, max_size=6)


@given(people=PEOPLE, seed=st.integers(0, 2**32), galleries=st.integers(1, 2))
def test_persons_with_enough_units_have_all_parts(people: dict[str, int], seed: int, galleries: int) -> None:
    units = {person: [f"walk-{i}" for i in range(n)] for person, n in people.items()}
    parts, notes = draw_split(units, seed, galleries)
    assert set(parts) == {(person, unit) for person, names in units.items() for unit in names}
    for person, n in people.items():
        found = Counter(part for (who, _), part in parts.items() if who == person)
        if n >= galleries + 2:
            assert found == {"gallery": galleries, "probe": 1, "train": n - galleries - 1}
        elif n > 1:
            assert found == Counter({"gallery": 1, "probe": 1, "train": n - 2})
        else:
            assert found == {"train": 1}
    assert bool(notes) == any(n < galleries + 2 for n in people.values())


@given(people=PEOPLE, seed=st.integers(0, 2**32))
def test_draw_depends_on_person_and_seed_only(people: dict[str, int], seed: int) -> None:
    units = {person: [f"walk-{i}" for i in range(n)] for person, n in people.items()}
    parts, _ = draw_split(units, seed)
    person = next(iter(units))
    alone, _ = draw_split({person: list(reversed(units[person]))}, seed)
    assert alone == {key: part for key, part in parts.items() if key[0] == person}


def test_seeds_give_different_splits() -> None:
    units = {str(person): ["a", "b", "c"] for person in range(20)}
    assert draw_split(units, 0) == draw_split(units, 0)
    assert draw_split(units, 0) != draw_split(units, 1)
