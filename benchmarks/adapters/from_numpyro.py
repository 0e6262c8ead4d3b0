"""A NumPyro model as a density on R^dim."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from bridgemark.benchmarks.adapters.gaussian_prior import gaussian_prior
from bridgemark.benchmarks.adapters.layout import Layout
from bridgemark.benchmarks.adapters.model import Model, constrain_points, density_from, evidence_beside
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.optional import optional_package
from bridgemark.benchmarks.text import one_line


def from_numpyro(model: Callable[..., Any], /, *data: Any, **named_data: Any) -> Model:
    """Make a model of a NumPyro model and the arguments that it is called with.

    NumPyro maps every parameter to R^k and adds the log-Jacobian. Where the prior is Gaussian there, as of
    normal and log-normal parameters, it is the base. Otherwise the base is N(0, I). Deterministic sites come
    back with the parameters. Needs the extra `numpyro`.

    Raises BadInput for a model without parameters, a discrete parameter, an improper prior, a plate that
    takes a part of the data at random, and a density that cannot be sampled from; see `from_jax`.
    """
    numpyro = optional_package("numpyro", "numpyro")
    origin = f"the NumPyro model {getattr(model, '__name__', 'model')}"
    seeded = numpyro.handlers.seed(model, jax.random.key(0))
    program = _Program(numpyro, seeded, data, named_data)
    sites = _sites(origin, program)
    _require_whole_data(origin, sites)
    latent = [name for name, site in sites.items() if site["type"] == "sample" and not _is_observed(site)]
    _require_continuous(origin, {name: sites[name] for name in latent})

    values = {name: sites[name]["value"] for name in latent}
    unconstrained = numpyro.infer.util.unconstrain_fn(seeded, data, named_data, values)
    layout = Layout({name: jnp.shape(unconstrained[name]) for name in latent})
    parts = _Parts(program, layout, observed=[name for name in sites if _is_observed(sites[name])])
    prior = gaussian_prior(parts.log_prior, layout.size)
    log_prob = parts.log_joint if prior is None else parts.log_likelihood
    factors = [name for name, site in sites.items() if type(site.get("fn")) is numpyro.distributions.Unit]
    return Model(
        density_from(origin, layout.size, log_prob, None, prior),
        origin,
        evidence=evidence_beside("factors", factors),
        constrain=constrain_points(parts.constrain),
    )


class _Program(NamedTuple):
    """A seeded NumPyro model with its arguments, and the package itself."""

    numpyro: Any
    model: Callable[..., Any]
    data: tuple[Any, ...]
    named_data: dict[str, Any]

    def log_density(self, model: Callable[..., Any]) -> Array:
        """The sum of the log-densities of all sites of a model with the same arguments."""
        return self.numpyro.infer.util.log_density(model, self.data, self.named_data, {})[0]


class _Parts(NamedTuple):
    """The factors of the joint density of parameters and data, as functions of a point of R^dim."""

    program: _Program
    layout: Layout
    observed: list[str]

    def log_joint(self, x: Float[Array, " dim"]) -> Float[Array, ""]:
        """Prior, log-Jacobian and likelihood."""
        return self._log_density_with(self.program.model, x)

    def log_prior(self, x: Float[Array, " dim"]) -> Float[Array, ""]:
        """Prior and log-Jacobian: what is not observed."""
        prior = self.program.numpyro.handlers.block(self.program.model, hide=self.observed)
        return self._log_density_with(prior, x)

    def log_likelihood(self, x: Float[Array, " dim"]) -> Float[Array, ""]:
        """What is observed, and factors."""
        handlers = self.program.numpyro.handlers
        at_values = handlers.substitute(self.program.model, data=self._values(x, derived=False))
        likelihood = handlers.block(at_values, hide=list(self.layout.shapes))
        return jnp.asarray(self.program.log_density(likelihood), x.dtype)

    def constrain(self, x: Float[Array, " dim"]) -> dict[str, Array]:
        """Parameters and deterministic sites."""
        return self._values(x, derived=True)

    def _values(self, x: Float[Array, " dim"], derived: bool) -> dict[str, Array]:
        numpyro, model, data, named_data = self.program
        return numpyro.infer.util.constrain_fn(
            model, data, named_data, self.layout.split(x), return_deterministic=derived
        )

    def _log_density_with(self, model: Callable[..., Any], x: Float[Array, " dim"]) -> Float[Array, ""]:
        numpyro, _, data, named_data = self.program
        energy = numpyro.infer.util.potential_energy(model, data, named_data, self.layout.split(x))
        return jnp.asarray(-energy, x.dtype)


def _is_observed(site: dict[str, Any]) -> bool:
    return site["type"] == "sample" and site["is_observed"]


def _sites(origin: str, program: _Program) -> dict[str, dict[str, Any]]:
    """The sites of a model in the order of the program. Raises BadInput where it cannot be run."""
    numpyro, model, data, named_data = program
    try:
        return numpyro.handlers.trace(model).get_trace(*data, **named_data)
    except NotImplementedError as error:
        raise BadInput(
            f"{origin} has a prior that cannot be drawn from ({one_line(error)}); where it is improper, "
            "such as ImproperUniform, choose a proper one, such as Normal(0, 10)"
        ) from error
    except Exception as error:
        raise BadInput(
            f"{origin} fails with {len(data) + len(named_data)} arguments: {one_line(error)}; call "
            "from_numpyro(model, *data) with what the model takes, observations included"
        ) from error


def _require_continuous(origin: str, latent: dict[str, dict[str, Any]]) -> None:
    """Raise BadInput unless there are parameters, and all are real numbers."""
    if not latent:
        raise BadInput(f"{origin} has no parameters: every sample site is observed")
    for name, site in latent.items():
        if site["fn"].support.is_discrete:
            raise BadInput(
                f"{origin}: the parameter {name!r} is discrete; sum it out, for example with "
                "MixtureSameFamily, or observe it"
            )


def _require_whole_data(origin: str, sites: dict[str, dict[str, Any]]) -> None:
    """Raise BadInput for a plate that takes a part of the data at random."""
    for name, site in sites.items():
        if site["type"] == "plate" and site["value"].shape[0] < site["args"][0]:
            raise BadInput(
                f"{origin}: the plate {name!r} takes a part of its {site['args'][0]} at random; leave "
                "subsample_size out, because a density must be the same at every call"
            )
