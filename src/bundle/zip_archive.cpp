#include "bundle/zip_archive.hpp"

#include <sys/stat.h>
#include <zip.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <set>

namespace crossfade::bundle {
namespace {

constexpr std::size_t ratio_matters_from = 64U << 10U;
constexpr zip_uint32_t plain_file_mode = (S_IFREG | 0600U) << 16U;

tl::unexpected<base::Error> refused(const std::string& where, const std::string& why) {
    return base::fail(base::ErrorKind::bad_input, where + ": " + why + "; download the bundle again");
}

std::string shown(std::string_view name) {
    std::string text(name.substr(0, 100));
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    return "'" + text + "'";
}

std::uint32_t little_endian(base::ByteView bytes, std::size_t at, std::size_t size) {
    std::uint32_t number = 0;
    for (std::size_t i = size; i-- > 0;) number = (number << 8U) | bytes[at + i];
    return number;
}

// libzip makes room for as many entries as the end of the archive claims, so the claim is looked at first (APPNOTE
// 4.3.16; zip64: 4.3.15). It may pick any record that looks like the end: each must be bearable.
bool has_bearable_ends(base::ByteView archive, std::size_t most_entries) {
    constexpr std::size_t record_size = 22, locator_size = 20;
    constexpr std::string_view signature("PK\5\6", 4), locator("PK\6\7", 4);
    const std::string_view text = base::text_of(archive);
    for (std::size_t at = text.find(signature); at != std::string_view::npos; at = text.find(signature, at + 1)) {
        if (at + record_size > archive.size()) continue;
        if (little_endian(archive, at + 10, 2) > most_entries) return false;
        if (at >= locator_size && text.substr(at - locator_size, locator.size()) == locator) return false;
    }
    return true;
}

bool is_safe_name(std::string_view name) {
    if (name.empty() || name.size() > 255 || name.starts_with('/')) return false;
    if (name.find('\\') != std::string_view::npos || (name.size() > 1 && name[1] == ':')) return false;
    if (std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
        return false;
    for (std::size_t begin = 0; begin <= name.size();) {
        const std::size_t end = std::min(name.find('/', begin), name.size());
        if (name.substr(begin, end - begin) == "..") return false;
        begin = end + 1;
    }
    return true;
}

class Archive {
public:
    Archive(std::string where, const ZipLimits& limits) : where_(std::move(where)), limits_(limits) {}
    ~Archive() {
        if (archive_ != nullptr) zip_discard(archive_);
    }
    Archive(const Archive&) = delete;
    Archive& operator=(const Archive&) = delete;

    base::Result<std::vector<ZipEntry>> read(base::ByteView bytes) {
        if (bytes.size() > limits_.largest_archive) return refused(where_, "it is too large for a bundle");
        if (bytes.empty()) return refused(where_, "it is no whole zip archive (it is empty)");
        if (!has_bearable_ends(bytes, limits_.most_entries)) return refused(where_, "it has too many files");
        if (auto opened = open(bytes); !opened) return base::fail(opened.error());
        const auto count = static_cast<std::size_t>(zip_get_num_entries(archive_, 0));
        if (count > limits_.most_entries) return refused(where_, "it has too many files");
        std::vector<ZipEntry> entries;
        for (std::size_t i = 0; i < count; ++i)
            if (auto added = add(i, entries); !added) return base::fail(added.error());
        return entries;
    }

private:
    base::Result<void> open(base::ByteView bytes) {
        zip_error_t error;
        zip_error_init(&error);
        zip_source_t* const source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
        if (source != nullptr) archive_ = zip_open_from_source(source, ZIP_RDONLY, &error);
        const std::string why = archive_ == nullptr ? zip_error_strerror(&error) : "";
        if (archive_ == nullptr) zip_source_free(source);
        zip_error_fini(&error);
        if (archive_ == nullptr) return refused(where_, "it is no whole zip archive (" + why + ")");
        return {};
    }

    base::Result<void> add(std::size_t index, std::vector<ZipEntry>& entries) {
        zip_stat_t about;
        zip_stat_init(&about);
        constexpr zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_ENCRYPTION_METHOD;
        if (zip_stat_index(archive_, index, 0, &about) != 0 || (about.valid & needed) != needed)
            return refused(where_, "entry " + std::to_string(index) + " cannot be read");
        const std::string name = about.name;
        const auto wrong = [&](const std::string& why) { return refused(where_, shown(name) + " in it " + why); };
        if (!is_safe_name(name)) return wrong("has a name that could leave the folder it is unpacked to");
        if (!names_.insert(name).second) return wrong("is there twice");
        if (about.encryption_method != ZIP_EM_NONE) return wrong("is encrypted");
        if (!is_plain(index)) return wrong("is a link or a special file");
        if (name.ends_with('/')) return {};
        if (about.size > limits_.largest_entry || about.size > limits_.largest_total - total_)
            return wrong("is too large for a bundle");
        if (about.size >= ratio_matters_from && about.size / limits_.largest_ratio > about.comp_size)
            return wrong("is packed too tightly to be what it should be");
        total_ += static_cast<std::size_t>(about.size);
        auto content = content_of(index, static_cast<std::size_t>(about.size));
        if (!content) return wrong(content.error().message);
        entries.push_back({name, std::move(*content)});
        return {};
    }

    bool is_plain(std::size_t index) const {
        zip_uint8_t system = 0;
        zip_uint32_t attributes = 0;
        if (zip_file_get_external_attributes(archive_, index, 0, &system, &attributes) != 0) return false;
        if (system != ZIP_OPSYS_UNIX) return true;
        const zip_uint32_t kind = (attributes >> 16U) & S_IFMT;
        return kind == 0 || kind == S_IFREG || kind == S_IFDIR;
    }

    base::Result<base::Bytes> content_of(std::size_t index, std::size_t size) const {
        const auto close = [](zip_file_t* file) { zip_fclose(file); };
        const std::unique_ptr<zip_file_t, decltype(close)> file(zip_fopen_index(archive_, index, 0), close);
        if (file == nullptr) return base::fail(base::ErrorKind::bad_input, "is packed in a way that cannot be read");
        // One byte more than it says: the checksum is looked at where the content ends.
        base::Bytes content(size + 1);
        std::size_t got = 0;
        while (got < content.size()) {
            const zip_int64_t more = zip_fread(file.get(), content.data() + got, content.size() - got);
            if (more < 0) return base::fail(base::ErrorKind::bad_input, "is damaged");
            if (more == 0) break;
            got += static_cast<std::size_t>(more);
        }
        if (got != size) return base::fail(base::ErrorKind::bad_input, "is not as large as the archive says");
        content.resize(size);
        return content;
    }

    const std::string where_;
    const ZipLimits limits_;
    zip_t* archive_ = nullptr;
    std::set<std::string> names_;
    std::size_t total_ = 0;
};

tl::unexpected<base::Error> unwritten(const std::string& why) {
    return base::fail(base::ErrorKind::internal, "the zip archive cannot be made: " + why);
}

base::Result<void> add_entry(zip_t* archive, const ZipEntry& entry, std::int64_t modified) {
    zip_source_t* const source = zip_source_buffer(archive, entry.content.data(), entry.content.size(), 0);
    if (source == nullptr) return unwritten(zip_strerror(archive));
    const zip_int64_t index = zip_file_add(archive, entry.name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(source);
        return unwritten(zip_strerror(archive));
    }
    const auto at = static_cast<zip_uint64_t>(index);
    if (zip_file_set_external_attributes(archive, at, 0, ZIP_OPSYS_UNIX, plain_file_mode) != 0 ||
        zip_file_set_mtime(archive, at, static_cast<time_t>(modified), 0) != 0)
        return unwritten(zip_strerror(archive));
    return {};
}

base::Result<base::Bytes> content_of_source(zip_source_t* source) {
    zip_stat_t about;
    zip_stat_init(&about);
    if (zip_source_stat(source, &about) != 0 || zip_source_open(source) != 0) return unwritten("it cannot be read");
    base::Bytes bytes(static_cast<std::size_t>(about.size));
    const zip_int64_t got = zip_source_read(source, bytes.data(), bytes.size());
    zip_source_close(source);
    if (got != static_cast<zip_int64_t>(bytes.size())) return unwritten("it cannot be read");
    return bytes;
}

}  // namespace

base::Result<std::vector<ZipEntry>> read_zip(const std::string& where, base::ByteView archive,
                                             const ZipLimits& limits) {
    return Archive(where, limits).read(archive);
}

base::Result<base::Bytes> write_zip(const std::vector<ZipEntry>& entries, std::int64_t modified) {
    zip_source_t* const made = zip_source_buffer_create(nullptr, 0, 0, nullptr);
    if (made == nullptr) return unwritten("no memory");
    const std::unique_ptr<zip_source_t, void (*)(zip_source_t*)> source(made, zip_source_free);
    zip_source_keep(made);  // the archive takes the other
    zip_t* const archive = zip_open_from_source(made, ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    if (archive == nullptr) {
        zip_source_free(made);
        return unwritten("no archive in memory");
    }
    for (const ZipEntry& entry : entries) {
        auto added = add_entry(archive, entry, modified);
        if (added) continue;
        zip_discard(archive);
        return base::fail(added.error());
    }
    if (zip_close(archive) != 0) {
        const std::string why = zip_strerror(archive);
        zip_discard(archive);
        return unwritten(why);
    }
    return content_of_source(made);
}

base::Result<base::Bytes> read_file(const std::string& path, std::size_t largest) {
    const auto wrong = [&](const std::string& why) {
        return base::fail(base::ErrorKind::bad_input, path + ": cannot be read: " + why);
    };
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) return wrong(std::strerror(errno));
    if (!S_ISREG(about.st_mode)) return wrong("it is no file");
    std::ifstream file(path, std::ios::binary);
    if (!file) return wrong(std::strerror(errno));
    if (static_cast<std::uint64_t>(about.st_size) > largest)
        return wrong("it is larger than " + std::to_string(largest) + " bytes");
    base::Bytes bytes(largest + 1);  // it may have grown
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    if (file.bad()) return wrong("its disk failed");
    if (bytes.size() > largest) return wrong("it is larger than " + std::to_string(largest) + " bytes");
    return bytes;
}

}  // namespace crossfade::bundle
