"""The one place that knows the compiler of loops over vertices, triangles and samples."""

from __future__ import annotations

from posewarp_tf.errors import ConfigError

try:
    import numba
except ImportError as error:
    raise ConfigError(f"rendered people need numba ({error}): pip install 'posewarp_tf[people]'") from error

# Compiled on the first call and kept on disk; sums may be reordered, but NaN and infinity keep their meaning.
compiled = numba.njit(cache=True, fastmath={'reassoc', 'contract', 'arcp', 'nsz'})
