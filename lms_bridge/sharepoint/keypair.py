"""Reads the certificate credential and looks at it before Entra does: what is wrong with it is told in words.

An expired certificate, a key of another certificate and a wrong passphrase all come back from Entra as one number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from lms_bridge.errors import Denied
from lms_bridge.sharepoint.settings import CertificateSettings

if TYPE_CHECKING:
    from cryptography import x509

MAX_PEM_BYTES = 100_000
NEW_CERTIFICATE = (
    "Make a new key pair, upload the certificate in Entra (App registrations → your app → Certificates & secrets) "
    "and name both files under credential.certificate."
)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """`private_key` is PEM, decrypted by nobody yet; `expires` is the certificate's last moment."""

    private_key: SecretStr
    certificate: str
    passphrase: SecretStr | None
    expires: datetime

    def credential(self) -> dict[str, str]:
        """The form that msal signs with PS256 and `x5t#S256`: key and certificate, without a SHA-1 thumbprint."""
        given = {"private_key": self.private_key.get_secret_value(), "public_certificate": self.certificate}
        if self.passphrase is not None:
            given["passphrase"] = self.passphrase.get_secret_value()
        return given


def read_key_pair(settings: CertificateSettings, folder: Path, *, now: Callable[[], datetime]) -> KeyPair:
    """Raises Denied when the pair cannot be used: unreadable, expired, not yet valid, or two that do not belong."""
    key = settings.private_key or SecretStr(_read(folder, settings.private_key_file or Path(), "private_key_file"))
    pem, certificate = _certificate(settings, folder)
    _check_dates(certificate, now())
    _check_belongs(certificate, key, settings.passphrase)
    return KeyPair(key, pem, settings.passphrase, certificate.not_valid_after_utc)


def certificate_end(settings: CertificateSettings, folder: Path) -> datetime | None:
    """The certificate's last moment; none for one that cannot be read."""
    try:
        _, certificate = _certificate(settings, folder)
    except Denied:
        return None
    return certificate.not_valid_after_utc


def _certificate(settings: CertificateSettings, folder: Path) -> "tuple[str, x509.Certificate]":
    from cryptography import x509

    pem = settings.public_certificate
    if "-----BEGIN" not in pem:
        pem = _read(folder, Path(pem), "public_certificate")
    try:
        return pem, x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise Denied(
            "the certificate is not one in PEM form",
            where="credential.certificate.public_certificate",
            next_step="It begins with -----BEGIN CERTIFICATE-----; convert others with `openssl x509 -outform PEM`.",
        ) from error


def _check_dates(certificate: object, now: datetime) -> None:
    from cryptography import x509

    assert isinstance(certificate, x509.Certificate)
    where = "credential.certificate"
    if now >= certificate.not_valid_after_utc:
        ended = certificate.not_valid_after_utc.date().isoformat()
        raise Denied(f"the certificate expired on {ended}", where=where, next_step=NEW_CERTIFICATE)
    if now < certificate.not_valid_before_utc:
        begins = certificate.not_valid_before_utc.astimezone(UTC).isoformat(timespec="minutes")
        raise Denied(
            f"the certificate is valid from {begins} on, which is not yet",
            where=where,
            next_step="Check this machine's clock, or wait.",
        )


def _check_belongs(certificate: object, key: SecretStr, passphrase: SecretStr | None) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    assert isinstance(certificate, x509.Certificate)
    where = "credential.certificate.private_key"
    secret = passphrase.get_secret_value().encode() if passphrase is not None else None
    try:
        private = load_pem_private_key(key.get_secret_value().encode(), secret)
    except (ValueError, TypeError):
        # The library's own words may quote the key.
        raise Denied(
            "the private key cannot be read",
            where=where,
            next_step="It is PEM and begins with -----BEGIN; check credential.certificate.passphrase when it is "
            "encrypted, and leave the passphrase out when it is not.",
        ) from None
    if not isinstance(private, rsa.RSAPrivateKey):
        raise Denied("the private key is not RSA", where=where, next_step="Entra signs in with RSA keys: make one.")
    if private.public_key() != certificate.public_key():
        raise Denied(
            "the private key does not belong to the certificate",
            where=where,
            next_step="Name the key that the certificate was made from.",
        )


def _read(folder: Path, path: Path, field: str) -> str:
    where = f"credential.certificate.{field}"
    try:
        with (folder / path).open("rb") as file:
            raw = file.read(MAX_PEM_BYTES + 1)
    except OSError as error:
        raise Denied(
            f"the file {path} cannot be read: {error.strerror}", where=where, next_step="Name the PEM file."
        ) from error
    if len(raw) > MAX_PEM_BYTES:
        raise Denied(f"the file {path} is too large for a PEM file", where=where, next_step="Name the right file.")
    return raw.decode("utf-8-sig", "replace")
