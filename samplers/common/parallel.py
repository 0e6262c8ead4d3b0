"""Data parallelism: one function of a batch, evaluated in parts on all devices."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as Spec


def over_devices(function: Callable[[Any, Any], Any], shared: Any, batch: Any) -> Any:
    """Evaluate function(shared, batch) with the batch divided equally over the devices.

    `batch` and the result are pytrees whose leaves have the members of the batch along their first axis;
    `function` must treat every member independently. `shared`, such as parameters, is copied to every
    device, and its derivative is summed over the devices once. On a single device, or where the devices
    do not divide the size of the batch, the function is called as it is.
    """
    devices = jax.devices()
    sizes = {leaf.shape[0] for leaf in jax.tree.leaves(batch)}
    if len(devices) == 1 or any(size % len(devices) for size in sizes):
        return function(shared, batch)
    divided = Spec("batch")
    mesh = Mesh(np.asarray(devices), ("batch",))
    parallel = jax.shard_map(
        function, mesh=mesh, in_specs=(Spec(), divided), out_specs=divided, check_vma=False
    )
    return parallel(shared, batch)
