"""Places of the packages: each folder of the checkout is a part of ``remem``, which is all that
an installation puts beside other people's packages. The rest is in ``pyproject.toml``."""

from setuptools import find_packages, setup

FOLDERS = {"remem": "memory", "remem.store": "store", "remem.benchmarks": "benchmarks"}

setup(
    package_dir=FOLDERS,
    packages=[
        f"{package}.{inside}" if inside else package
        for package, folder in FOLDERS.items()
        for inside in ("", *find_packages(folder))
    ],
)
