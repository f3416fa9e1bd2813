"""Random numbers depend on the seed and the names alone."""

import numpy as np

from fundus_anomaly.seeds import digest, generator


def test_the_same_names_give_the_same_numbers_in_every_process():
    # A stored value: Python's own hash would change from one process to the next.
    assert digest(0, "phantom", "a") == 66953285249335218754998571146712319619
    np.testing.assert_array_equal(generator(3, "a").random(5), generator(3, "a").random(5))


def test_seed_names_and_their_borders_all_matter():
    made = [digest(*key) for key in ((0, "a", "b"), (1, "a", "b"), (0, "b", "a"), (0, "ab"), (0, "a", "b", ""))]
    assert len(set(made)) == len(made)
    assert not np.array_equal(generator(0, "a").random(5), generator(0, "b").random(5))


def test_one_generator_is_untouched_by_another():
    alone = generator(0, "a").random(3)
    other, same = generator(0, "b"), generator(0, "a")
    other.random(100)
    np.testing.assert_array_equal(same.random(3), alone)
