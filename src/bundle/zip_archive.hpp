// Zip archives in memory, from people we do not know: everything is limited before it is allocated, nothing touches the
// disk but the archive itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace crossfade::bundle {

// A bundle has eight files of a few KiB.
struct ZipLimits {
    std::size_t largest_archive = 4U << 20U;
    std::size_t most_entries = 100;
    std::size_t largest_entry = 1U << 20U;
    std::size_t largest_total = 4U << 20U;  // of all entries together, unpacked
    std::size_t largest_ratio = 200;        // unpacked to packed; not looked at in entries below 64 KiB
};

struct ZipEntry {
    std::string name;
    base::Bytes content;
    bool operator==(const ZipEntry&) const = default;
};

// All files of an archive, in its order; folders are left out. Refused: what goes beyond `limits`, names that are
// absolute, go up ("..") or have a backslash or a control character, names given twice, symbolic links and other
// special files, encrypted entries, zip64, checksums that are wrong. Errors: bad_input, with `where` in front.
base::Result<std::vector<ZipEntry>> read_zip(const std::string& where, base::ByteView archive,
                                             const ZipLimits& limits = {});

// The archive that has these, deflated, each a plain file that its owner may read and write, dated `modified` (seconds
// since 1970).
base::Result<base::Bytes> write_zip(const std::vector<ZipEntry>& entries, std::int64_t modified);

// A whole file of at most `largest` bytes. Errors: bad_input, with the path and the reason.
base::Result<base::Bytes> read_file(const std::string& path, std::size_t largest);

}  // namespace crossfade::bundle
