"""Key pairs in PEM files, as OpenSSL makes them, and the verification of what they sign."""

from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


class KeyPair(NamedTuple):
    private: str
    public: Path

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Return whether CloudFront would accept a signature: RSA with SHA-1, as in PKCS #1 1.5."""
        key = serialization.load_pem_public_key(self.public.read_bytes())
        assert isinstance(key, rsa.RSAPublicKey)
        try:
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA1())
        except InvalidSignature:
            return False
        return True


def make_key_pair(folder: Path, name: str = "key") -> KeyPair:
    """Make a private key, and write its public key to a file."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    public = folder / f"{name}.pem"
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return KeyPair(private.decode(), public)
