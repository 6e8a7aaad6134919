#include "cli/bundle_snippets.hpp"

#include <fmt/format.h>

namespace crossfade::cli {
namespace {

constexpr const char* page = R"(# Connecting without a bundle

For drivers and tools that cannot open a Secure Connect Bundle. They see one endpoint, {host}:{port}; the user is
`token`, the password the application token (or client id and secret). Keep this folder private: the key is in it.

## cqlsh

    cqlsh --ssl --cqlshrc {folder}/cqlshrc -u token

It asks for the token.

## Python driver

```python
import ssl
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations("{folder}/ca.crt")
context.load_cert_chain("{folder}/cert", "{folder}/key")
cluster = Cluster(["{host}"], port={port}, ssl_context=context, ssl_options={{"server_hostname": "{host}"}},
                  auth_provider=PlainTextAuthProvider("token", token))
```

## Java driver 2 and 3

Passwords: keyStorePassword and trustStorePassword in {folder}/config.json.

```java
// -Djavax.net.ssl.trustStore={folder}/trustStore.jks -Djavax.net.ssl.trustStorePassword=…
// -Djavax.net.ssl.keyStore={folder}/identity.jks -Djavax.net.ssl.keyStorePassword=…
Cluster cluster = Cluster.builder().addContactPoint("{host}").withPort({port}).withSSL()
    .withCredentials("token", token).build();
```

## gocql

```go
cluster := gocql.NewCluster("{host}")
cluster.Port = {port}
cluster.Authenticator = gocql.PasswordAuthenticator{{Username: "token", Password: token}}
cluster.SslOpts = &gocql.SslOptions{{CaPath: "{folder}/ca.crt", CertPath: "{folder}/cert",
    KeyPath: "{folder}/key", EnableHostVerification: true}}
```

## PHP driver

```php
$ssl = Cassandra::ssl()->withTrustedCerts("{folder}/ca.crt")->withVerifyFlags(Cassandra::VERIFY_PEER_CERT)
    ->withClientCert("{folder}/cert")->withPrivateKey("{folder}/key", null)->build();
$cluster = Cassandra::cluster()->withContactPoints("{host}")->withPort({port})->withSSL($ssl)
    ->withCredentials("token", $token)->build();
```

## Ruby driver

```ruby
cluster = Cassandra.cluster(hosts: ["{host}"], port: {port}, username: "token", password: token,
  server_cert: "{folder}/ca.crt", client_cert: "{folder}/cert", private_key: "{folder}/key")
```

## Anything else

What cannot do TLS, or should use all nodes, connects to 127.0.0.1:9042, plain and without a login, while this runs beside it:

    crossfade connect --astra-bundle BUNDLE.zip --username token --password-file token --bind 127.0.0.1:9042
)";

}  // namespace

std::string old_driver_snippets(const bundle::Bundle& bundle, const std::string& folder) {
    return fmt::format(fmt::runtime(page), fmt::arg("host", bundle.host),
                       fmt::arg("port", bundle.cql_port.value_or(bundle.port)), fmt::arg("folder", folder));
}

}  // namespace crossfade::cli
