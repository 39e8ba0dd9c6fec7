"""``ExaminedFile``, an upload that is in the storage already."""

from django_shift_media.engines.engine import ImageInfo
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.stored_file import StoredFile


class ExaminedFile(StoredFile):
    """
    A file that a browser has sent to the storage, and that was examined there.

    It has what was found then, so validating, measuring and saving it requires no request to the
    storage. Reading it does.
    """

    def __init__(
        self,
        storage: MediaStorage,
        key: str,
        *,
        name: str,
        size: int,
        info: ImageInfo | None,
        placeholder: str = "",
        focal_point: str = "",
    ) -> None:
        super().__init__(storage, key)
        self.storage: MediaStorage = storage
        self.name = name
        self.info = info
        self.placeholder = placeholder
        self.focal_point = focal_point
        self._size = size

    @property
    def size(self) -> int:
        return self._size
