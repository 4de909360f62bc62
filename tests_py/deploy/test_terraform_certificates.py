"""terraform/certificates makes the certificates of the database VMs, and others while the first ones are still trusted."""

import shutil
import subprocess

import pytest

from tests_py.harness.process import HANG_SECONDS, ROOT

CERTIFICATES = ROOT / "terraform/certificates"
pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


def run(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HANG_SECONDS)


def make(folder, domain="dti.internal"):
    """The certificate of the VMs."""
    result = run(CERTIFICATES, folder, domain)
    assert result.returncode == 0, result.stderr
    return (folder / "node.pem").read_text()


def trusts(authorities, certificate, folder):
    """Whether VMs that trust these authorities accept the certificate."""
    (folder / "trusted.pem").write_text("".join(authority.read_text() for authority in authorities))
    (folder / "shown.pem").write_text(certificate)
    return run("openssl", "verify", "-no-CApath", "-CAfile", folder / "trusted.pem", folder / "shown.pem").returncode == 0


def test_another_certificate_is_of_the_same_authority_and_the_first_one_stays_valid(tmp_path):
    first, authority = make(tmp_path / "a"), (tmp_path / "a/ca.pem").read_text()
    second = make(tmp_path / "a")
    assert first != second and (tmp_path / "a/ca.pem").read_text() == authority
    assert all(trusts([tmp_path / "a/ca.pem"], certificate, tmp_path) for certificate in (first, second))


def test_with_two_authorities_each_certificate_is_accepted_and_then_only_the_new_one(tmp_path):
    old, new = make(tmp_path / "old"), make(tmp_path / "new")
    authorities = [tmp_path / "old/ca.pem", tmp_path / "new/ca.pem"]
    for both in (authorities, authorities[::-1]):
        assert trusts(both, old, tmp_path) and trusts(both, new, tmp_path)
    assert not trusts(authorities[1:], old, tmp_path) and trusts(authorities[1:], new, tmp_path)


def test_the_certificate_is_for_the_three_vms_and_no_other_name(tmp_path):
    make(tmp_path / "a", "campus.example")
    names = run("openssl", "x509", "-in", tmp_path / "a/node.pem", "-noout", "-ext", "subjectAltName").stdout.split("\n")[1]
    assert names.split() == [f"DNS:database-{number}.campus.example{',' if number < 3 else ''}" for number in (1, 2, 3)]


def test_only_their_user_can_read_the_files(tmp_path):
    make(tmp_path / "a")
    assert {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "a").iterdir()} == {
        "ca.key": 0o600, "ca.pem": 0o600, "node.pem": 0o600}


@pytest.mark.parametrize("lost", ["ca.key", "ca.pem"])
def test_half_an_authority_is_not_replaced(tmp_path, lost):
    certificate = make(tmp_path / "a")
    (tmp_path / "a" / lost).unlink()
    result = run(CERTIFICATES, tmp_path / "a", "dti.internal")
    assert result.returncode == 1 and "has only one of ca.key and ca.pem" in result.stderr
    assert (tmp_path / "a/node.pem").read_text() == certificate and not (tmp_path / "a" / lost).exists()


@pytest.mark.parametrize("arguments", [(), ("a",), ("a", "with space"), ("a", "b", "c")], ids=str)
def test_incorrect_usage_makes_nothing(tmp_path, arguments):
    result = run(CERTIFICATES, *(tmp_path / argument if argument == "a" else argument for argument in arguments))
    assert result.returncode == 2 and "needs a folder and a domain" in result.stderr and not list(tmp_path.iterdir())
