#include "driver/frame_edit.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "cql/request.hpp"

namespace crossfade::driver {
namespace {

using base::Bytes;
using cql::ProtocolVersion;

const Bytes old_id{1, 2, 3}, new_id{9, 9, 9, 9, 9}, old_metadata{4}, new_metadata{5, 5};
const Bytes value{0, 0, 0, 7};

cql::QueryOptions options() {
    cql::QueryOptions query;
    query.values = {{cql::ValueView::State::bytes, value}, {cql::ValueView::State::null, {}}};
    query.page_size = 100;
    query.timestamp = 42;
    return query;
}

// The same bytes as if the frame had been written with the new ids at once.
TEST(ReplacePreparedId, InExecuteGivesWhatAFreshFrameWouldBe) {
    for (const auto version :
         {ProtocolVersion::v3, ProtocolVersion::v4, ProtocolVersion::v5, ProtocolVersion::dse_v2}) {
        Bytes frame, fresh;
        cql::append_execute(frame, version, 0, old_id, old_metadata, options());
        cql::append_execute(fresh, version, 0, new_id, new_metadata, options());
        replace_prepared_id(frame, version, old_id, new_id, new_metadata);
        EXPECT_EQ(frame, fresh) << cql::name_of(version);
    }
}

TEST(ReplacePreparedId, InABatchReplacesEachOccurrenceAndNoOther) {
    const Bytes other{1, 2};
    const std::string text = "INSERT";
    const auto items = [&](const Bytes& id) {
        std::vector<cql::BatchItem> list(4);
        list[0].prepared_id = id;
        list[0].values = options().values;
        list[1].text = text;
        list[2].prepared_id = other;
        list[2].values = options().values;
        list[3].prepared_id = id;
        return list;
    };
    for (const auto version : {ProtocolVersion::v3, ProtocolVersion::v4, ProtocolVersion::v5}) {
        cql::QueryOptions query;
        query.timestamp = 42;
        Bytes frame, fresh;
        cql::append_batch(frame, version, 0, cql::BatchType::unlogged, items(old_id), query);
        cql::append_batch(fresh, version, 0, cql::BatchType::unlogged, items(new_id), query);
        replace_prepared_id(frame, version, old_id, new_id, {});
        EXPECT_EQ(frame, fresh) << cql::name_of(version);
    }
}

TEST(ReplacePreparedId, LeavesACustomPayloadWhereItIs) {
    const Bytes payload{0, 1, 0, 1, 'k', 0, 0, 0, 1, 'v'};
    const auto with_payload = [&](const Bytes& id) {
        Bytes frame;
        cql::append_execute(frame, ProtocolVersion::v4, 0, id, {}, options());
        frame.insert(frame.begin() + cql::frame_header_size, payload.begin(), payload.end());
        frame[1] |= cql::frame_flag::custom_payload;
        cql::patch_body_length(frame.data(), static_cast<std::uint32_t>(frame.size() - cql::frame_header_size));
        return frame;
    };
    Bytes frame = with_payload(old_id);
    replace_prepared_id(frame, ProtocolVersion::v4, old_id, new_id, {});
    EXPECT_EQ(frame, with_payload(new_id));
}

TEST(ReplacePreparedId, LeavesOtherFramesAlone) {
    Bytes frame;
    cql::append_execute(frame, ProtocolVersion::v4, 0, new_id, {}, options());
    const Bytes before = frame;
    replace_prepared_id(frame, ProtocolVersion::v4, old_id, new_id, {});
    EXPECT_EQ(frame, before);
    Bytes query;
    cql::append_query(query, ProtocolVersion::v4, 0, "SELECT", options());
    const Bytes query_before = query;
    replace_prepared_id(query, ProtocolVersion::v4, old_id, new_id, {});
    EXPECT_EQ(query, query_before);
}

}  // namespace
}  // namespace crossfade::driver
