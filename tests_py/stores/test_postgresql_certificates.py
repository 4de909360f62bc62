"""Certificates, with an authority of the test's own: a server connects to the database that it means, or tells why not."""

import re
import shutil
import subprocess

import pytest

from tests_py.harness.commands import Commands, blocks_of
from tests_py.harness.postgresql import APP, PASSWORD, ROLE, newest_bin_folder, scratch_cluster
from tests_py.harness.process import HANG_SECONDS, ROOT, run, running, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.stores import PostgresqlStore
from tests_py.harness.wire import OK, Client, grant, grant_after_recovery, request

CIVIL = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
HOST = "db.example.org"
BY_CERTIFICATE = f"hostssl all {APP} 127.0.0.1/32 cert"
BY_PASSWORD_TOO = f"hostssl all {APP} 127.0.0.1/32 scram-sha-256 clientcert=verify-full"
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
CONFIG = """[ca]
default_ca = own
[own]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
certificate = {folder}/ca.crt
private_key = {folder}/ca.key
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""
EXPIRED = ("20200101000000Z", "20200102000000Z")


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=HANG_SECONDS)


class Authority:
    def __init__(self, folder):
        folder.mkdir()
        self._folder = folder
        self.certificate = folder / "ca.crt"
        openssl("req", "-x509", *CURVE, "-days", "2", "-subj", f"/CN=the test's {folder.name}", "-out", self.certificate,
                "-keyout", folder / "ca.key")
        (folder / "index.txt").touch()
        (folder / "serial").write_text("01\n")
        (folder / "ca.conf").write_text(CONFIG.format(folder=folder))

    def issue(self, folder, name, subject, alternatives="", valid=None):
        """A certificate and its key, which only its owner can read. `alternatives`: such as "DNS:db.example.org"."""
        certificate, key, wanted = (folder / f"{name}.{kind}" for kind in ("crt", "key", "csr"))
        more = ("-addext", f"subjectAltName={alternatives}") if alternatives else ()
        openssl("req", "-new", *CURVE, "-subj", f"/CN={subject}", *more, "-out", wanted, "-keyout", key)
        times = ("-startdate", valid[0], "-enddate", valid[1]) if valid else ("-days", "1")
        openssl("ca", "-batch", "-notext", "-config", self._folder / "ca.conf", *times, "-in", wanted, "-out", certificate)
        key.chmod(0o600)
        return certificate, key


@pytest.fixture(scope="module")
def tls():
    """A cluster with TLS, and the authority that signs."""
    if newest_bin_folder() is None:
        pytest.skip("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/initdb")
    with scratch_cluster() as cluster:
        authority = Authority(cluster.folder / "authority")
        yield cluster, authority


@pytest.fixture
def store(tls):
    cluster, authority = tls
    show(cluster, *authority.issue(cluster.folder, "server", HOST, f"DNS:{HOST}"), authority.certificate)
    cluster.authenticate_first()
    store = PostgresqlStore(cluster)
    yield store
    store.drop()


def show(cluster, certificate, key, authority):
    """Returns when new connections get it."""
    readable = cluster.folder / "clients-ca.crt"
    shutil.copy(authority, readable)
    cluster.show_certificate(certificate, key, readable)
    until(lambda: cluster.sql("postgres", "SHOW ssl", user="postgres") == [["on"]], what="TLS")


def environment(store, authority, host=HOST, password=PASSWORD, **more):
    settings = {"host": host, "hostaddr": "127.0.0.1", "port": store.cluster.port, "dbname": store.database, "user": APP,
                "sslmode": "verify-full", "sslrootcert": authority, **({"password": password} if password else {}), **more}
    return {"DTI_STORE": "postgresql:" + " ".join(f"{key}='{value}'" for key, value in settings.items())}


def refusal(folder, env):
    status, stdout, stderr = run(folder, "dti_server", *POOL, "--port=0", env=env)
    assert (status, stdout) == (1, ""), stderr
    assert PASSWORD not in stderr
    return stderr


def serves(folder, env):
    with running(folder, *POOL, env=env) as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]


def test_the_right_host_with_a_certificate_of_the_authority_is_served(tls, store, tmp_path):
    serves(tmp_path, environment(store, tls[1].certificate))


def test_another_host_than_that_of_the_certificate_is_refused(tls, store, tmp_path):
    stderr = refusal(tmp_path, environment(store, tls[1].certificate, host="other.example.org"))
    assert f'server certificate for "{HOST}" does not match host name "other.example.org"' in stderr


def test_a_certificate_of_another_authority_is_refused(store, tmp_path):
    stderr = refusal(tmp_path, environment(store, Authority(tmp_path / "other").certificate))
    assert "certificate verify failed" in stderr


def test_a_certificate_that_has_expired_is_refused(tls, store, tmp_path):
    cluster, authority = tls
    show(cluster, *authority.issue(cluster.folder, "expired", HOST, f"DNS:{HOST}", EXPIRED), authority.certificate)
    until(lambda: "certificate verify failed" in run(tmp_path, "dtictl", "verify", env=environment(
        store, authority.certificate))[2], what="the new certificate")
    assert "certificate verify failed" in refusal(tmp_path, environment(store, authority.certificate))


@pytest.mark.parametrize("line, password", [(BY_CERTIFICATE, None), (BY_PASSWORD_TOO, PASSWORD)],
                         ids=["alone", "with a password"])
def test_a_server_logs_in_with_its_certificate(tls, store, tmp_path, line, password):
    cluster, authority = tls
    cluster.authenticate_first(line)
    certificate, key = authority.issue(tmp_path, "client", APP)
    serves(tmp_path, environment(store, authority.certificate, password=password, sslcert=certificate, sslkey=key))


@pytest.mark.parametrize("line", [BY_CERTIFICATE, BY_PASSWORD_TOO], ids=["alone", "with a password"])
def test_a_server_without_the_certificate_of_its_role_is_refused(tls, store, tmp_path, line):
    cluster, authority = tls
    cluster.authenticate_first(line)
    none = {"sslcert": tmp_path / "none.crt", "sslkey": tmp_path / "none.key"}
    assert "connection requires a valid client certificate" in refusal(tmp_path, environment(
        store, authority.certificate, **none))
    certificate, key = authority.issue(tmp_path, "client", ROLE)
    stderr = refusal(tmp_path, environment(store, authority.certificate, sslcert=certificate, sslkey=key))
    assert f'authentication failed for user "{APP}"' in stderr


# The steps of the page.


class Renewal:
    """The commands of docs/operations.md, with the files of a server in `folder` and those of the database in its cluster."""

    PAGE = "docs/operations.md"

    def __init__(self, folder, store):
        self.role, self.database, self.both, self.only_new = blocks_of(self.PAGE, "### Certificates of the database")
        self.cluster = store.cluster
        self.root, self.used = folder / "root", folder / "used"
        self.root.mkdir()
        self.used.mkdir()
        self.config = folder / "dti.toml"
        [setting] = re.findall(r"^    (store = .*sslkey=.*)$", (ROOT / self.PAGE).read_text(encoding="utf-8"), re.MULTILINE)
        place = f"@{HOST}:{self.cluster.port}/{store.database}?hostaddr=127.0.0.1&"
        for name, here in ((f"@{HOST}/dti?", place), ("/etc/dti/database", str(self.used))):
            assert name in setting
            setting = setting.replace(name, here)
        self.config.write_text(setting + "\n")
        psql = f"psql -Xh {self.cluster.folder} -p {self.cluster.port} -U postgres -v"
        self._commands = Commands(folder, {"/root": self.root, "/etc/dti/database": self.used, "/etc/dti/dti.toml": self.config,
                                           "/etc/postgresql/database": self.cluster.folder / "server", "psql -v": psql}, {})

    def renew(self, commands, authority, name, subject, alternatives=""):
        for path in authority.issue(self.root, "made", subject, alternatives):
            path.rename(self.root / f"{name}{path.suffix}")
        self._commands.run(commands)

    def renew_role(self, authority):
        self.renew(self.role, authority, APP, APP)

    def renew_database(self, authority):
        """Returns when new connections get it."""
        self.renew(self.database, authority, "database", HOST, f"DNS:{HOST}")
        until(lambda: shown_by(self.cluster) == (self.root / "database.crt").read_text(), what="the new certificate")

    def run(self, commands):
        self._commands.run(commands)


def shown_by(cluster):
    """The certificate that new connections get."""
    result = subprocess.run(["openssl", "s_client", "-starttls", "postgres", "-connect", f"127.0.0.1:{cluster.port}"],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HANG_SECONDS)
    found = re.search("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", result.stdout, re.DOTALL)
    return found[0] if found else ""


def serial_in_use(store):
    """Of the certificates with which the server has logged in."""
    [[serial]] = store.cluster.sql("postgres", "SELECT DISTINCT client_serial FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                                   f"WHERE usename = '{APP}'", user="postgres")
    return serial


def end_sessions(store):
    store.cluster.sql("postgres", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{APP}'", "postgres")


def test_the_commands_of_the_page_renew_each_certificate_and_then_the_authority_while_a_server_runs(tls, store, tmp_path):
    cluster, authority = tls
    cluster.authenticate_first(BY_CERTIFICATE)
    steps, other = Renewal(tmp_path, store), Authority(tmp_path / "other")
    shutil.copy(authority.certificate, steps.used / "ca.crt")
    steps.renew_role(authority)
    with running(tmp_path, *POOL, f"--config={steps.config}") as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        first = serial_in_use(store)
        steps.renew_role(authority)
        steps.renew_database(authority)
        assert serial_in_use(store) == first, "a session that is open continues"
        end_sessions(store)
        assert grant_after_recovery(client, CIVIL) == [(OK, 7, 2, 0)]
        assert serial_in_use(store) != first

        shutil.copy(other.certificate, steps.root / "new-ca.crt")
        steps.run(steps.both)
        with open(cluster.folder / "clients-ca.crt", "a", encoding="utf-8") as trusted:
            trusted.write(other.certificate.read_text())
        steps.renew_database(other)
        steps.renew_role(other)
        steps.run(steps.only_new)
        end_sessions(store)
        assert grant_after_recovery(client, CIVIL) == [(OK, 7, 2, 0)]
        assert (steps.used / "ca.crt").read_text() == other.certificate.read_text()
