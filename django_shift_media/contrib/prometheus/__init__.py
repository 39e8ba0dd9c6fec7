"""
Metrics for Prometheus.

Add ``"django_shift_media.contrib.prometheus"`` to ``INSTALLED_APPS``, and ``urls`` to a URLconf.
"""
