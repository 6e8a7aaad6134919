"""Certificates as a gateway's or a database's authority would make them; not made by Crossfade, so that its reading is tested too."""
import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.timezone.utc)


class Authority:
    """A root that writes what it signs as PEM files into a folder."""

    def __init__(self, folder, name):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        basic = x509.BasicConstraints(ca=True, path_length=None)
        self.certificate = self._signed(self.name, self.key.public_key(), 365, [(basic, True)])
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    @classmethod
    def of(cls, folder, ca, key):
        """The root that somebody else made: what it signs goes into `folder`."""
        authority = cls.__new__(cls)
        authority.folder, authority.ca = folder, ca
        folder.mkdir(parents=True, exist_ok=True)
        authority.certificate = x509.load_pem_x509_certificate(ca.read_bytes())
        authority.name = authority.certificate.subject
        authority.key = serialization.load_pem_private_key(key.read_bytes(), None)
        return authority

    def _signed(self, subject, public_key, days, extensions):
        begin = min(NOW, NOW + datetime.timedelta(days=days)) - datetime.timedelta(days=1)
        builder = x509.CertificateBuilder(self.name, subject, public_key, x509.random_serial_number(), begin, NOW + datetime.timedelta(days=days))
        for extension, is_critical in extensions:
            builder = builder.add_extension(extension, critical=is_critical)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name, hosts=(), days=365):
        """Gives the paths of a certificate and its key; the key in PKCS#8, which Crossfade turns into PKCS#1."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        names = []
        for host in hosts:
            try:
                names.append(x509.IPAddress(ipaddress.ip_address(host)))
            except ValueError:
                names.append(x509.DNSName(host))
        extensions = [(x509.SubjectAlternativeName(names), False)] if names else []
        certificate = self._signed(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key(), days, extensions)
        paths = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        paths[1].chmod(0o600)
        return paths
