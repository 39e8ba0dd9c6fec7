"""
How this package and its peers fare, side by side: ``python -m benchmarks page``, and others.

All candidates take turns in one run, on the same machine and the same storage, and the least of
the repeats counts: read the ratios, for times depend on the machine. Each peer is set up as its
own documentation recommends, and where that leaves a choice, in the way that is best for it.

``pip install -r benchmarks/requirements.txt`` brings the peers, ``npm install --prefix
benchmarks`` those of Node. One that is not installed is left out, and named.
"""
