"""The Fréchet distance between two sets of features, each modelled as a Gaussian.

Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium"
(2017), eq. 6, for features of any network; FID is the distance in those of Inception-v3.
"""

import numpy as np


def fit_gaussian(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) and covariance (D, D) of samples (N, D), with shrinkage for few samples.

    The covariance is shrunk towards a multiple of the identity by the oracle approximating
    shrinkage of Chen et al., "Shrinkage Algorithms for MMSE Covariance Estimation" (2010), eq. 23:
    strongly if N is small compared with D, hardly if it is large. It has full rank from two samples
    on. Raises ValueError for fewer.
    """
    count, size = samples.shape
    if count < 2:
        raise ValueError(f"a covariance needs at least 2 samples, got {count}")
    x = samples.astype(np.float64)
    mean = x.mean(0)
    covariance = (x - mean).T @ (x - mean) / count
    trace, trace_of_square = np.trace(covariance), float((covariance**2).sum())
    top = (1 - 2 / size) * trace_of_square + trace**2
    bottom = (count + 1 - 2 / size) * (trace_of_square - trace**2 / size)
    shrinkage = 1.0 if bottom <= 0 else min(1.0, top / bottom)
    target = trace / size * np.eye(size)
    return mean, (1 - shrinkage) * covariance + shrinkage * target


def fit_plain_gaussian(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) and unbiased covariance (D, D) of samples (N, D), without shrinkage, as for FID.

    Raises ValueError for fewer than 2 samples.
    """
    if len(samples) < 2:
        raise ValueError(f"a covariance needs at least 2 samples, got {len(samples)}")
    x = samples.astype(np.float64)
    return x.mean(0), np.cov(x, rowvar=False).reshape(x.shape[1], x.shape[1])


def reduce_to_span(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of samples (N, D) and (M, D) in an orthonormal basis of their span, float64.

    Their plain Gaussians keep their Fréchet distance, and matrices are at most N + M wide: of 64
    images in 2,048 dimensions the distance takes milliseconds instead of a minute.
    """
    stacked = np.concatenate([first, second]).astype(np.float64)
    if len(stacked) < stacked.shape[1]:
        basis, _ = np.linalg.qr(stacked.T)
        stacked = stacked @ basis
    return stacked[: len(first)], stacked[len(first) :]


def frechet_distance(
    mean_a: np.ndarray, covariance_a: np.ndarray, mean_b: np.ndarray, covariance_b: np.ndarray
) -> float:
    """|m_a - m_b|^2 + tr(A + B - 2 (A B)^(1/2)), at least 0, in squared units of the features.

    The trace of (A B)^(1/2) equals that of (A^(1/2) B A^(1/2))^(1/2), which is symmetric and has
    real eigenvalues; negative ones from rounding are clipped to 0.
    """
    values, vectors = np.linalg.eigh(covariance_a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    products = np.linalg.eigvalsh(root @ covariance_b @ root)
    cross = np.sqrt(products.clip(0)).sum()
    offset = ((mean_a - mean_b) ** 2).sum()
    return float(max(0.0, offset + np.trace(covariance_a) + np.trace(covariance_b) - 2 * cross))
