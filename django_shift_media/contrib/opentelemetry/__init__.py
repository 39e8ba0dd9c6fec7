"""
Spans for OpenTelemetry.

Add ``"django_shift_media.contrib.opentelemetry"`` to ``INSTALLED_APPS``.
"""
