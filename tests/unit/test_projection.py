"""What the sparse random projection promises."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from fundus_anomaly.errors import InputError
from fundus_anomaly.neighbours.projection import Projection


@pytest.fixture
def features():
    return np.random.default_rng(0).standard_normal((60, 1536)).astype(np.float32)


def test_the_papers_size_needs_347_components():
    assert Projection(134 * 98 * 98, 1536, 0.9, seed=0).components == 347


def test_squared_distances_stay_within_epsilon(features):
    projection = Projection(len(features), 1536, 0.5, seed=0)
    ratio = pdist(projection.project(features), "sqeuclidean") / pdist(features, "sqeuclidean")
    assert projection.components < 1536
    assert ratio.min() > 0.5
    assert ratio.max() < 1.5
    assert not np.allclose(ratio, 1)


def test_entries_are_those_of_li_hastie_and_church():
    matrix = Projection(10**6, 1536, 0.9, seed=0).matrix
    d, c = matrix.shape
    np.testing.assert_allclose(np.unique(np.abs(matrix.data)), np.sqrt(np.sqrt(c) / d), rtol=1e-6)
    assert matrix.nnz / (d * c) == pytest.approx(1 / np.sqrt(c), rel=0.05)


def test_features_stay_as_they_are_when_they_have_fewer_channels_than_components(features, caplog):
    with caplog.at_level("INFO"):
        projection = Projection(10**6, 152, 0.9, seed=0)
    block = features[:, :152]
    assert projection.components == 152
    assert projection.project(block) is block
    assert "no projection" in caplog.text


def test_the_seed_alone_decides_the_projection(features):
    first, again, other = (Projection(10**6, 1536, 0.9, seed).project(features) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_a_row_is_projected_alike_in_every_block(features):
    projection = Projection(10**6, 1536, 0.9, seed=0)
    whole = projection.project(features)
    assert whole.dtype == np.float32
    assert whole.shape == (60, projection.components)
    np.testing.assert_array_equal(
        whole, np.concatenate([projection.project(features[i : i + 7]) for i in range(0, 60, 7)])
    )


def test_all_bad_arguments_are_named_at_once():
    with pytest.raises(InputError) as error:
        Projection(0, 0, 1.0, seed=0)
    assert len(error.value.problems) == 3


def test_a_block_of_other_channels_is_refused(features):
    with pytest.raises(ValueError, match=r"must be \(m, 100\)"):
        Projection(10, 100, 0.9, seed=0).project(features)
