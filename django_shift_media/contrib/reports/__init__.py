"""
Reports of ``media_report --save`` as pages of the admin.

Add ``"django_shift_media.contrib.reports"`` to ``INSTALLED_APPS``, and run ``migrate``.
"""
