#include "masks/keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <map>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/secret.h"
#include "pg/boundary.h"
#include "pg/files.h"
#include "pg/worker.h"

namespace phisync::masks {
namespace {

char* key_file = nullptr;
char* key_command = nullptr;

// More scopes than anybody has; their keys stand in memory of which there is little.
constexpr std::size_t kMaxScopes = 256;

struct KeyRing {
  Secret master;
  std::map<std::string, ScopeKeys, std::less<>> scopes;
};
KeyRing* ring = nullptr;
bool stale = false;
std::uint64_t generation = 0;
std::uint64_t settings = 0;

// What the file or the command gave, cleansed with the frame.
class Given {
 public:
  Given() = default;
  Given(const Given&) = delete;
  Given& operator=(const Given&) = delete;
  ~Given() { Cleanse(bytes_, sizeof(bytes_)); }

  [[nodiscard]] char* end() { return bytes_ + size_; }
  [[nodiscard]] std::size_t room() const { return sizeof(bytes_) - size_; }
  void Add(std::size_t n) { size_ += n; }
  [[nodiscard]] std::string_view view() const { return {bytes_, size_}; }

 private:
  char bytes_[256];
  std::size_t size_ = 0;
};

[[noreturn]] void Refuse(std::string message, std::string detail, std::string hint) {
  throw Error(sqlstate::kObjectNotInPrerequisiteState, std::move(message), std::move(detail),
              std::move(hint));
}

std::string SystemError(int number) {
  return std::string(pg::Call([&] {
           errno = number;
           return psprintf("%m");
         })) +
         ".";
}

// Why the file must not be trusted; null if it may.
const char* Distrust(const struct stat& file) {
  if (!S_ISREG(file.st_mode)) return "It is not a regular file.";
  if (file.st_uid != geteuid() && file.st_uid != 0) {
    return "It belongs neither to the server's user nor to root.";
  }
  if ((file.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return "Its group or others have access to it.";
  }
  return nullptr;
}

void ReadKeyFile(Given& given) {
  constexpr const char* kHint =
      "Give it to the server's user alone, with permissions 0400 or 0600.";
  struct Opened {
    int file;
    int error;
  };
  if (!is_absolute_path(key_file) || path_is_prefix_of_path(DataDir, key_file)) {
    Refuse("the key file of phisync is refused",
           "Its path is not absolute, or it lies in the data directory and so in every backup.",
           "Name a file outside the data directory, by its full path.");
  }
  const Opened opened = pg::Call([&]() -> Opened {
    // Without waiting: it could be a pipe that nobody writes to.
    const int file = OpenTransientFile(key_file, O_RDONLY | O_NONBLOCK | PG_BINARY);
    return {file, errno};
  });
  if (opened.file < 0) {
    Refuse("could not open the key file of phisync", SystemError(opened.error), kHint);
  }
  struct stat status = {};
  int error = fstat(opened.file, &status) == 0 ? 0 : errno;
  const char* const distrust = error == 0 ? Distrust(status) : nullptr;
  while (error == 0 && distrust == nullptr && given.room() > 0) {
    const ssize_t n = read(opened.file, given.end(), given.room());
    if (n == 0) break;
    if (n > 0) {
      given.Add(static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  pg::Call([&] { CloseTransientFile(opened.file); });
  if (distrust != nullptr) Refuse("the key file of phisync is refused", distrust, kHint);
  if (error != 0) Refuse("could not read the key file of phisync", SystemError(error), kHint);
}

void ReadKeyCommand(Given& given) {
  constexpr const char* kHint =
      "What it wrote to its standard error stands in the server's log. It must print the key, and "
      "nothing else, and end with status 0.";
  FILE* const pipe = pg::Call([] { return OpenPipeStream(key_command, PG_BINARY_R); });
  if (pipe == nullptr) {
    Refuse("could not run the key command of phisync", SystemError(errno), kHint);
  }
  // No buffer of the C library, which would keep a copy.
  setvbuf(pipe, nullptr, _IONBF, 0);
  while (given.room() > 0) {
    const std::size_t n = fread(given.end(), 1, given.room(), pipe);
    if (n == 0) break;
    given.Add(n);
  }
  const bool failed = ferror(pipe) != 0;
  const int status = pg::Call([&] { return ClosePipeStream(pipe); });
  // A command that was cut off while it wrote too much is told from one that failed by its key.
  if (failed || (status != 0 && given.room() > 0)) {
    Refuse("the key command of phisync failed",
           status == 0 ? "Its output could not be read."
                       : std::string(pg::Call([&] { return wait_result_to_str(status); })) + ".",
           kHint);
  }
}

bool IsSet(const char* setting) {
  return setting != nullptr && setting[0] != '\0';
}

Secret ReadMaster() {
  if (!IsSet(key_file) && !IsSet(key_command)) RefuseWithoutKey();
  if (IsSet(key_file) && IsSet(key_command)) {
    Refuse("both phisync.key_file and phisync.key_command are set", "The key comes from one place.",
           "Reset one of them.");
  }
  Given given;
  if (IsSet(key_file)) {
    ReadKeyFile(given);
  } else {
    ReadKeyCommand(given);
  }
  return ParseMasterKey(given.view());
}

// Errors are not for hooks: the key is read when it is needed.
void OnChange(const char*, void*) {
  stale = true;
  ++settings;
}

void Forget() {
  delete ring;
  ring = nullptr;
  stale = false;
  ++generation;
}

}  // namespace

void DefineKeySettings() {
  DefineCustomStringVariable(
      "phisync.key_file", "File with the key of pseudonyms, surrogates and date shifts.",
      "64 hexadecimal digits; readable by the server's user alone.", &key_file, "", PGC_SUSET,
      GUC_SUPERUSER_ONLY, nullptr, OnChange, nullptr);
  DefineCustomStringVariable(
      "phisync.key_command",
      "Command that prints the key of pseudonyms, surrogates and date shifts.",
      "64 hexadecimal digits on its standard output.", &key_command, "", PGC_SUSET,
      GUC_SUPERUSER_ONLY, nullptr, OnChange, nullptr);
}

ScopeKeys& KeysOf(std::string_view scope) {
  if (ring != nullptr && (stale || ring->scopes.size() >= kMaxScopes)) Forget();
  if (ring == nullptr) {
    ring = new KeyRing{ReadMaster(), {}};
    stale = false;
  }
  if (const auto found = ring->scopes.find(scope); found != ring->scopes.end()) {
    return found->second;
  }
  return ring->scopes.emplace(std::string(scope), ScopeKeys(ring->master, scope)).first->second;
}

std::uint64_t KeyGeneration() {
  return generation;
}

std::uint64_t KeySettings() {
  return settings;
}

}  // namespace phisync::masks
