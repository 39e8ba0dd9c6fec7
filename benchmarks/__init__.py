"""
Compare this package with others: ``python -m benchmarks page``, and other measurements.

All candidates take turns in one run, on the same machine and the same storage. Times depend on the
machine: compare the ratios. Each other package is set up as its own documentation recommends; where
that leaves a choice, we choose what is best for it.

Install the other packages with ``pip install -r benchmarks/requirements.txt``, and those of Node
with ``npm install --prefix benchmarks``. A package that is not installed is skipped and reported.
"""
