"""The commands `certify sampler` and `certify target`.

Modules that import JAX are imported inside the commands, so that help is shown at once.
"""

from functools import partial
from typing import Annotated

import typer

from bridgemark.benchmarks.commands.options import RESULTS, Plugins, Published, Results, layered
from bridgemark.benchmarks.errors import choose

certify = typer.Typer(no_args_is_help=True, help="Check samplers and targets against closed forms.")


@certify.command("sampler")
def certify_sampler(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME|FILE", help="Samplers, or Python files with SAMPLERS.")
    ],
    results: Results = RESULTS,
    published: Published = None,
) -> None:
    """Run a fixed battery of checks on samplers, and store their certificates in DIR/certificates.

    A sampler whose certificate is published or stored, and still valid, is not checked again.
    """
    import bridgemark.benchmarks.certificates.certify as sampler_certificates
    from bridgemark.benchmarks import registry
    from bridgemark.benchmarks.console.certificates import print_certificates

    plugins = tuple(name for name in names if name.endswith(".py"))
    chosen_names = [name for name in names if name not in plugins]
    for plugin in plugins:
        chosen_names += registry.plugin_samplers(plugin)
    certificates = []
    for name, sampler in choose("sampler", chosen_names, registry.samplers(plugins)).items():
        run = partial(sampler_certificates.run_halves_in_parallel, name, plugins)
        certificates.append(sampler_certificates.certify(name, sampler, layered(results, published), run))
    print_certificates(certificates)
    raise typer.Exit(int(not all(certificate.passed for certificate in certificates)))


@certify.command("target")
def certify_target(
    names: Annotated[list[str], typer.Argument(help="Targets.")],
    plugin: Plugins = [],  # noqa: B006
) -> None:
    """Check what targets promise: their gradient, that they are proper, exact draws and statistics."""
    import bridgemark.benchmarks.certificates.certify_target as target_certificates
    from bridgemark.benchmarks import registry
    from bridgemark.benchmarks.console.certificates import print_certificates

    builders = registry.choose_targets(names, registry.targets(tuple(plugin)))
    certificates = []
    for name, builder in builders.items():
        certificates.append(target_certificates.certify(registry.build(name, builder)))
    print_certificates(certificates, "fingerprint")
    raise typer.Exit(int(not all(certificate.passed for certificate in certificates)))
