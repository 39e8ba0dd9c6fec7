"""
Renditions and posters by AWS Elemental MediaConvert, in place of ffmpeg on the worker.

::

    SHIFT_MEDIA_VIDEO_MAKER = "django_shift_media.video.mediaconvert.MediaConvertMaker"

boto3 is never imported here: the storage on S3 makes the client.
"""

from django_shift_media.video.mediaconvert.maker import MediaConvertMaker

__all__ = ["MediaConvertMaker"]
