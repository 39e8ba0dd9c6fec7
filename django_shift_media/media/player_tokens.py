"""``PlayerToken``: which player the URL of a state is for. Imports nothing about videos."""

from dataclasses import dataclass

from django.core.signing import Signer

_TOKENS = Signer(salt="django_shift_media.players")


@dataclass(frozen=True, slots=True)
class PlayerToken:
    """Which player a page shows: the row, its file when it was rendered, and the options."""

    label: str
    pk: str
    name: str
    presets: str | None
    poster: str | None

    def sign(self) -> str:
        values = [self.label, self.pk, self.name, self.presets, self.poster]
        return _TOKENS.sign_object(values, compress=True)

    @classmethod
    def unsign(cls, text: str) -> "PlayerToken":
        """Verify and parse a text; raise ``BadSignature``."""
        return cls(*_TOKENS.unsign_object(text))
