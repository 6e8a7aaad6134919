#include "cli/bundle_snippets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crossfade::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(BundleSnippets, NameThePathsAndThePortForOldDriversAndNoSecret) {
    bundle::Bundle bundle;
    bundle.host = "db.example.com";
    bundle.port = 29080;
    bundle.cql_port = 29042;
    bundle.key_store_password = base::Secret<std::string>("hidden");
    bundle.key = base::Secret<std::string>("hidden");
    const std::string page = old_driver_snippets(bundle, "/srv/tls");
    EXPECT_THAT(
        page,
        testing::AllOf(HasSubstr("cqlsh --ssl --cqlshrc /srv/tls/cqlshrc"),
                       HasSubstr("Cluster([\"db.example.com\"], port=29042"), HasSubstr("cluster.Port = 29042"),
                       HasSubstr("/srv/tls/identity.jks"), Not(HasSubstr("29080")), Not(HasSubstr("hidden")),
                       HasSubstr("crossfade connect --astra-bundle"), Not(HasSubstr("{{")), Not(HasSubstr("{host}"))));
}

}  // namespace
}  // namespace crossfade::cli
