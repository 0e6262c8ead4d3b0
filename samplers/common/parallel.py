"""A batch over all devices: samplers share one helper, which does nothing where there is one device."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as Spec


def over_devices(function: Callable[[Any, Any], Any], shared: Any, batch: Any) -> Any:
    """function(shared, batch), the batch cut over the devices along its first axis.

    `function` treats the members of a batch alone; `shared` is what is differentiated besides the batch,
    and its derivatives are added up over the devices once. A batch that the devices cannot share
    equally, or a single device, gets no cut.
    """
    devices = jax.devices()
    sizes = {leaf.shape[0] for leaf in jax.tree.leaves(batch)}
    if len(devices) == 1 or any(size % len(devices) for size in sizes):
        return function(shared, batch)
    cut = Spec("batch")
    mesh = Mesh(np.asarray(devices), ("batch",))
    return jax.shard_map(function, mesh=mesh, in_specs=(Spec(), cut), out_specs=cut, check_vma=False)(
        shared, batch
    )
