"""Bundles as a user meets them: made, looked at, unpacked, tried and fetched; and opened by programs that are not ours."""
import http.server
import json
import os
import shutil
import stat
import subprocess
import threading
import uuid
import zipfile

import pytest
from cassandra.datastax import cloud
from made_certificates import Authority
from metadata_and_nodes import MetadataAndNodes

TOKEN = "AstraCS:abc:0123456789abcdef"
KEYTOOL = shutil.which("keytool")


def run(*command, env=None):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, env=dict(os.environ, **(env or {})))
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki"), "Test Root")


@pytest.fixture(scope="module")
def client(authority):
    return authority.issue("client")


@pytest.fixture
def create(crossfade, authority, client, tmp_path):
    def make(name="scb.zip", host="localhost", port=29080, files=client, ca=authority.ca, extra=()):
        path = tmp_path / name
        code, out, error = run(crossfade, "bundle", "create", "--out", path, "--host", host, "--port", port, "--local-dc", "dc1", "--keyspace", "shop",
                               "--ca", ca, "--cert", files[0], "--key", files[1], *extra)
        assert code == 0, error
        assert str(path) in out
        return path
    return make


@pytest.fixture
def service(authority, tmp_path):
    return MetadataAndNodes(authority, authority.issue("localhost", ["localhost"]), TOKEN, [str(uuid.uuid4()), str(uuid.uuid4())])


@pytest.fixture
def token_file(tmp_path):
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o600)
    return file


def config_of(path):
    with zipfile.ZipFile(path) as bundle:
        return json.loads(bundle.read("config.json"))


# --- what other programs make of it ------------------------------------------------------------------------------------------------

def test_java_opens_its_key_stores(create, tmp_path):
    if KEYTOOL is None:
        pytest.skip("keytool is not installed")
    path = create()
    config = config_of(path)
    with zipfile.ZipFile(path) as bundle:
        bundle.extractall(tmp_path / "plain")

    def listing(name, kind, password):
        return run(KEYTOOL, "-list", "-v", "-keystore", tmp_path / "plain" / name, "-storetype", kind, "-storepass", password)

    code, out, error = listing("identity.jks", "JKS", config["keyStorePassword"])
    assert code == 0, out + error
    assert "PrivateKeyEntry" in out and "Owner: CN=client" in out
    code, out, error = listing("trustStore.jks", "JKS", config["trustStorePassword"])
    assert code == 0, out + error
    assert "trustedCertEntry" in out and "Owner: CN=Test Root" in out
    code, out, error = listing("cert.pfx", "PKCS12", config["pfxCertPassword"])
    assert code == 0, out + error
    assert "PrivateKeyEntry" in out
    assert listing("trustStore.jks", "JKS", "wrong-password")[0] != 0
    # Java takes the key itself out, with the same password.
    code, out, error = run(KEYTOOL, "-importkeystore", "-srckeystore", tmp_path / "plain" / "identity.jks", "-srcstoretype", "JKS", "-srcstorepass",
                           config["keyStorePassword"], "-destkeystore", tmp_path / "copy.p12", "-deststoretype", "PKCS12", "-deststorepass", "changeit", "-noprompt")
    assert code == 0, out + error


def test_a_key_store_that_java_made_is_opened(crossfade, create, tmp_path):
    """As bundles with real JKS identities have it: keytool makes one of the bundle's own."""
    if KEYTOOL is None:
        pytest.skip("keytool is not installed")
    path = create()
    config = config_of(path)
    with zipfile.ZipFile(path) as bundle:
        files = {name: bundle.read(name) for name in bundle.namelist()}
    (tmp_path / "i.p12").write_bytes(files["identity.jks"])
    code, out, error = run(KEYTOOL, "-importkeystore", "-srckeystore", tmp_path / "i.p12", "-srcstorepass", config["keyStorePassword"], "-destkeystore",
                           tmp_path / "i.jks", "-deststoretype", "JKS", "-deststorepass", config["keyStorePassword"], "-noprompt")
    assert code == 0, out + error
    files["identity.jks"] = (tmp_path / "i.jks").read_bytes()
    assert files["identity.jks"].startswith(b"\xfe\xed\xfe\xed")
    with zipfile.ZipFile(tmp_path / "java.zip", "w") as bundle:
        for name in ("config.json", "identity.jks", "trustStore.jks"):
            bundle.writestr(name, files[name])
    code, out, error = run(crossfade, "bundle", "inspect", tmp_path / "java.zip")
    assert code == 0, error
    assert "CN=client" in out


def test_the_python_driver_reads_it(create, service, client):
    path = create(port=service.metadata_port)
    config = cloud.get_cloud_config({"secure_connect_bundle": str(path), "use_default_tempdir": True})
    assert (config.host, config.port, config.keyspace, config.local_dc) == ("localhost", service.metadata_port, "shop", "dc1")
    assert config.host_ids == service.host_ids
    assert (config.sni_host, config.sni_port) == ("localhost", service.cql_port)


def test_it_has_every_file_and_is_private(create):
    path = create()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as bundle:
        assert set(bundle.namelist()) == {"config.json", "ca.crt", "cert", "key", "cert.pfx", "identity.jks", "trustStore.jks", "cqlshrc"}
        assert bundle.read("key").startswith(b"-----BEGIN RSA PRIVATE KEY-----")
        assert b"port = 29042" in bundle.read("cqlshrc")
        assert bundle.testzip() is None


# --- inspect ---------------------------------------------------------------------------------------------------------------------

def test_inspect_shows_all_but_secrets(crossfade, create):
    path = create()
    code, out, error = run(crossfade, "bundle", "inspect", path)
    assert (code, error) == (0, "")
    for words in ("localhost:29080", "dc1", "shop", "29042", "CN=client", "CN=Test Root", "days left", "identity.jks"):
        assert words in out
    config = config_of(path)
    for key in ("keyStorePassword", "trustStorePassword", "pfxCertPassword"):
        assert config[key] not in out
    assert "PRIVATE KEY" not in out


def test_inspect_tells_expired_soon_and_foreign(crossfade, create, authority, tmp_path):
    code, _, error = run(crossfade, "bundle", "inspect", create("old.zip", files=authority.issue("old", days=-3)))
    assert code == 20 and "cert: ended" in error and "download the bundle again" in error
    code, _, error = run(crossfade, "bundle", "inspect", create("soon.zip", files=authority.issue("soon", days=10)))
    assert code == 0 and "warning: cert: ends in" in error
    foreign = Authority(tmp_path / "foreign", "Foreign Root")
    code, _, error = run(crossfade, "bundle", "inspect", create("foreign.zip", files=foreign.issue("client")))
    assert code == 20 and "was not signed by ca.crt" in error


def rewritten(path, to, change):
    """A copy whose files went through change(name, content); None leaves one out."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(to, "w") as copy:
        for name in source.namelist():
            content = change(name, source.read(name))
            if content is not None:
                copy.writestr(name, content)
    return to


def test_hostile_and_broken_archives_get_a_clear_error(crossfade, create, tmp_path):
    path = create()

    def inspect(file):
        before = set(tmp_path.iterdir())
        code, out, error = run(crossfade, "bundle", "inspect", file)
        assert code == 30 and out == "" and len(error.splitlines()) == 1, (code, out, error)
        assert str(file) in error
        assert set(tmp_path.iterdir()) == before
        return error

    truncated = tmp_path / "truncated.zip"
    truncated.write_bytes(path.read_bytes()[:-30])
    assert "no whole zip archive" in inspect(truncated)
    (tmp_path / "text.zip").write_text("hello")
    assert "no whole zip archive" in inspect(tmp_path / "text.zip")
    assert "cannot be read" in inspect(tmp_path / "missing.zip")
    assert "no config.json in it" in inspect(rewritten(path, tmp_path / "a.zip", lambda name, content: None if name == "config.json" else content))
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b"\0" * 1_000_000)
    assert "packed too tightly" in inspect(bomb)
    evil = tmp_path / "evil.zip"
    with zipfile.ZipFile(evil, "w") as archive:
        archive.writestr("../../evil", "x")
    assert "could leave the folder" in inspect(evil)
    link = tmp_path / "link.zip"
    with zipfile.ZipFile(link, "w") as archive:
        info = zipfile.ZipInfo("ca.crt")
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert "link" in inspect(link)


def test_a_wrong_key_store_password_is_named(crossfade, create, tmp_path):
    path = create()

    def other_password(name, content):
        return json.dumps(dict(json.loads(content), trustStorePassword="other")) if name == "config.json" else content

    code, _, error = run(crossfade, "bundle", "inspect", rewritten(path, tmp_path / "b.zip", other_password))
    assert code == 20 and "trustStore.jks: its password is another one" in error


def test_create_refuses_what_does_not_fit(crossfade, authority, client, tmp_path):
    def create(*more, out="x.zip"):
        return run(crossfade, "bundle", "create", "--out", tmp_path / out, "--host", "h", "--local-dc", "dc1", "--ca", authority.ca, *more)

    other = authority.issue("other")
    code, _, error = create("--cert", client[0], "--key", other[1])
    assert code == 30 and "does not belong" in error
    code, _, error = create("--cert", client[0], "--key", client[1], "--port", "70000")
    assert code == 30 and "--port" in error
    code, _, error = create("--cert", client[0], "--key", client[1], out="none/x.zip")
    assert code == 30 and "there is no folder" in error
    assert not (tmp_path / "x.zip").exists()
    assert create("--cert", client[0], "--key", client[1])[0] == 0
    code, _, error = create("--cert", client[0], "--key", client[1])
    assert code == 30 and "--force" in error
    assert create("--cert", client[0], "--key", client[1], "--force")[0] == 0


# --- unpack ----------------------------------------------------------------------------------------------------------------------

def test_unpack_makes_private_files_with_paths_that_work(crossfade, create, tmp_path):
    path, folder = create(), tmp_path / "unpacked"
    code, out, error = run(crossfade, "bundle", "unpack", path, folder)
    assert code == 0, error
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = {file.name for file in folder.iterdir()}
    assert names == {"config.json", "ca.crt", "cert", "key", "cert.pfx", "identity.jks", "trustStore.jks", "cqlshrc", "snippets.md"}
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in folder.iterdir())
    assert f"certfile = {folder}/ca.crt" in (folder / "cqlshrc").read_text()
    snippets = (folder / "snippets.md").read_text()
    assert f"{folder}/identity.jks" in snippets and "localhost" in snippets and "29042" in snippets
    for key in ("keyStorePassword", "trustStorePassword", "pfxCertPassword"):
        assert config_of(path)[key] not in snippets
    code, _, error = run(crossfade, "bundle", "unpack", path, folder)
    assert code == 30 and "--force" in error
    assert run(crossfade, "bundle", "unpack", path, folder, "--force")[0] == 0
    folder.chmod(0o755)
    code, _, error = run(crossfade, "bundle", "unpack", path, folder, "--force")
    assert code == 30 and "others can get into this folder" in error


# --- verify ----------------------------------------------------------------------------------------------------------------------

def test_verify_goes_all_the_way_to_every_node(crossfade, create, service, token_file):
    path = create(port=service.metadata_port)
    code, out, error = run(crossfade, "bundle", "verify", path, "--password-file", token_file)
    assert code == 0, out + error
    assert "ok       metadata service" in out
    for host_id in service.host_ids:
        assert f"ok       node {host_id}: logged in as token; datacenter dc1, version 5.0.2" in out
    assert {name for name, user in service.logins if user == "token"} == set(service.host_ids)
    assert TOKEN not in out + error


def test_verify_without_a_password_says_that_the_login_was_not_tried(crossfade, create, service):
    code, out, _ = run(crossfade, "bundle", "verify", create(port=service.metadata_port))
    assert code == 0 and "was not tried" in out and service.logins == []


def test_verify_names_what_failed(crossfade, create, service, authority, token_file, tmp_path):
    path = create(port=service.metadata_port)

    def verify(file=path, *more):
        code, out, error = run(crossfade, "bundle", "verify", file, *more)
        assert code == 20, (code, out, error)
        return out

    wrong = tmp_path / "wrong-token"
    wrong.write_text("AstraCS:wrong\n")
    said = verify(path, "--password-file", wrong)
    assert "make a new one" in said and "AstraCS:wrong" not in said
    service.status = 503
    assert "hibernated" in verify()
    service.status, service.document = 200, "<html>"
    assert "no JSON object" in verify()
    service.document = None
    expired = create("expired.zip", port=service.metadata_port, files=authority.issue("gone", days=-2))
    said = verify(expired, "--password-file", token_file)
    assert "cert: ended" in said and "failed   metadata service" in said
    foreign = Authority(tmp_path / "foreign", "Foreign Root")
    said = verify(create("foreign.zip", port=service.metadata_port, files=foreign.issue("client"), ca=foreign.ca))
    assert "failed   metadata service" in said and "certificate" in said
    assert "failed   metadata service" in verify(create("nobody.zip", port=1))


def test_verify_refuses_what_is_no_bundle(crossfade, create, tmp_path):
    path = create()
    truncated = tmp_path / "t.zip"
    truncated.write_bytes(path.read_bytes()[:2000])
    code, out, error = run(crossfade, "bundle", "verify", truncated)
    assert code == 30 and out == "" and "no whole zip archive" in error
    code, _, error = run(crossfade, "bundle", "verify", path, "--password-env", "NO_SUCH_VARIABLE")
    assert code == 30 and "NO_SUCH_VARIABLE" in error


# --- download --------------------------------------------------------------------------------------------------------------------

@pytest.fixture
def devops(create):
    """A stand-in for the DevOps API and the store behind it."""
    content = create("original.zip").read_bytes()

    class Handler(http.server.BaseHTTPRequestHandler):
        regions, status, asked, broken = ["us-east1", "eu-west1"], 200, [], False

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.asked.append((self.path, self.headers.get("Authorization")))
            url = f"http://127.0.0.1:{self.server.server_port}/presigned-secret"
            found = [{"region": region, "downloadURL": f"{url}/{region}", "datacenterID": "x-1"} for region in self.regions]
            body = found if len(found) != 1 else {"downloadURL": f"{url}/one"}
            self.answer(self.status, json.dumps(body).encode())

        def do_GET(self):
            self.asked.append((self.path, self.headers.get("Authorization")))
            self.answer(200, content[:-10] if self.broken else content)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Handler.url = f"http://127.0.0.1:{server.server_port}"
    yield Handler
    server.shutdown()


def test_download_fetches_one_region_or_all(crossfade, devops, token_file, tmp_path):
    folder = tmp_path / "got"
    folder.mkdir()

    def download(*more):
        return run(crossfade, "bundle", "download", "--database-id", "db-1", "--token-file", token_file, "--api-url", devops.url, "--dir", folder, *more)

    code, _, error = download()
    assert code == 30 and "us-east1, eu-west1" in error and "--region" in error
    code, _, error = download("--region", "eu-west1")
    assert code == 0, error
    assert [file.name for file in folder.iterdir()] == ["secure-connect-db-1-eu-west1.zip"]
    assert stat.S_IMODE((folder / "secure-connect-db-1-eu-west1.zip").stat().st_mode) == 0o600
    assert ("/v2/databases/db-1/secureBundleURL?all=true", f"Bearer {TOKEN}") in devops.asked
    assert ("/presigned-secret/eu-west1", None) in devops.asked
    code, out, error = download("--all")
    assert code == 30 and "is there already" in error and "secure-connect-db-1-us-east1.zip: written" in out
    assert download("--all", "--force")[0] == 0
    devops.regions = ["one"]
    assert download()[0] == 0 and (folder / "secure-connect-db-1.zip").exists()


def test_download_says_what_went_wrong_without_secrets(crossfade, devops, token_file, tmp_path):
    def download(*more, url=devops.url):
        code, out, error = run(crossfade, "bundle", "download", "--database-id", "db-1", "--token-file", token_file, "--api-url", url, "--dir", tmp_path, "--all", *more)
        assert TOKEN not in out + error and "presigned-secret" not in out + error
        return code, error

    devops.broken = True
    code, error = download()
    assert code == 20 and "no whole zip archive" in error
    assert not list(tmp_path.glob("secure-connect*"))
    devops.status = 401
    code, error = download()
    assert code == 20 and "make a new one" in error
    code, error = download(url="http://example.com")
    assert code == 30 and "not https" in error
