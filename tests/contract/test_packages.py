"""What a wheel is made of: the packages that pyproject.toml lists are the folders of the code."""

import tomllib
from pathlib import Path

from support.project import ROOT
from support.source_code import FILES, PUBLIC, SHIPPED

SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
FOLDERS = {str(Path(name).parent) for name in SHIPPED}


def folder_of(package):
    """The folder that a package's code lies in, by the longest prefix that has a folder of its own."""
    parts = package.split(".")
    for length in range(len(parts), 0, -1):
        folder = SETUPTOOLS["package-dir"].get(".".join(parts[:length]))
        if folder is not None:
            return "/".join([folder, *parts[length:]])
    raise KeyError(package)


def test_the_packages_are_the_folders_with_python_files():
    packages = SETUPTOOLS["packages"]
    assert len(packages) == len(set(packages))
    assert {folder_of(package) for package in packages} == FOLDERS | {"results"}
    assert folder_of("bridgemark") == PUBLIC
    for package in packages[1:]:
        assert package == "bridgemark." + folder_of(package).replace("/", ".")


def test_every_folder_is_a_package():
    assert [folder for folder in sorted(FOLDERS) if f"{folder}/__init__.py" not in FILES] == []


def test_every_pattern_of_data_files_has_files():
    for package, patterns in SETUPTOOLS["package-data"].items():
        for pattern in patterns:
            assert list((ROOT / folder_of(package)).glob(pattern)), f"{package}: {pattern}"
