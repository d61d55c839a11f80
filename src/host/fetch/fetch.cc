#include "host/fetch/fetch.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/fd.h"
#include "base/text.h"
#include "base/units.h"

namespace carrel {
namespace {

constexpr std::string_view origin_version = "carrel-fetch 1";
constexpr long stalled_s = 60;  // without a byte: the connection is taken for dead
constexpr double longest_pause_s = 30;

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// What FILE.part came from.
struct Origin {
  std::string url;
  std::string mark;  // a strong ETag, else Last-Modified; empty: the server gave neither
};

Origin read_origin(const std::string& path) {
  Origin origin;
  auto text = read_file(path, 64 << 10);
  if (!text) return origin;
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    lines.push_back(text->substr(at, end - at));
    at = end + 1;
  }
  if (lines.size() == 3 && lines[0] == origin_version && text->back() == '\n') origin = {lines[1], lines[2]};
  return origin;
}

Status write_origin(const std::string& path, const Origin& origin) {
  return write_file_durably(path, fmt::format("{}\n{}\n{}\n", origin_version, origin.url, origin.mark));
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

class Download {
 public:
  Download(const FetchRequest& request, const FetchObserver& observer, const std::atomic<bool>& stop)
      : request_(request),
        observer_(observer),
        stop_(stop),
        part_(request.file + ".part"),
        origin_path_(part_ + ".origin") {}

  Result<Fetched> run();

 private:
  enum class Next : std::uint8_t { done, again, give_up };

  // libcurl's callbacks have one pointer of ours.
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
    return static_cast<Download*>(self)->take_header({bytes, size * count});
  }
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    return static_cast<Download*>(self)->take_body({bytes, size * count});
  }
  static int on_progress(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const std::atomic<bool>*>(stop)->load() ? 1 : 0;
  }

  Status open_part();
  Next attempt();
  void prepare(CURL* easy);
  // What the header of an answer says; called once, before its first byte of body.
  bool begin_body();
  bool begin_anew();
  Status test_space(std::uint64_t more);
  std::size_t take_header(std::string_view line);
  std::size_t take_body(std::string_view bytes);
  Next judge(CURLcode code, long status);
  Next fail(Error error) {
    error_ = std::move(error);
    return Next::give_up;
  }
  void pause(double seconds) const;
  Status get();
  void leave_nothing_empty();

  const FetchRequest& request_;
  const FetchObserver& observer_;
  const std::atomic<bool>& stop_;
  const std::string part_, origin_path_;
  Fd file_;
  Origin origin_;
  std::uint64_t have_ = 0, resumed_ = 0, total_ = 0;
  bool arrived_ = false;   // a byte, in this call
  int most_attempts_ = 0;  // after the failure that was last
  Error error_;
  std::unique_ptr<curl_slist, FreeList> headers_;

  // of the answer that is being read
  long status_ = 0;
  bool body_began_ = false;
  std::uint64_t length_ = 0, range_start_ = 0, range_total_ = 0;
  std::string etag_, modified_, sha256_;
};

Status Download::open_part() {
  file_ = Fd(::open(part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file_.valid()) return errno_error("cannot write " + part_);
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error{Code::usage, fmt::format("{} is being fetched by another carrel", request_.file),
                 "wait for it"};
  }
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) return errno_error("cannot look at " + part_);
  if (status.st_nlink == 0)  // who had the lock took the name away
    return Error{Code::machine, part_ + " was removed by another carrel", "give the same command again"};
  have_ = static_cast<std::uint64_t>(status.st_size);
  origin_ = read_origin(origin_path_);
  if (have_ > 0 && origin_.url != request_.url) {  // of something else: begin anew
    if (::ftruncate(file_.get(), 0) != 0) return errno_error("cannot write " + part_);
    have_ = 0;
  }
  if (have_ == 0) origin_ = {request_.url, ""};
  resumed_ = have_;
  return {};
}

void Download::prepare(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "carrel-fetch");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  // What was asked for over https is not taken over less.
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR,
                   request_.url.starts_with("https:") ? "https" : "http,https");
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, 30L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, stalled_s);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &on_progress);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &stop_);
  if (!request_.bearer.empty()) {  // libcurl gives it to no other host than the first
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, request_.bearer.c_str());
  }
  headers_.reset();
  // Without a mark nobody says whether the rest is that of the same file: all of it is asked for again.
  if (have_ > 0 && !origin_.mark.empty()) {
    curl_easy_setopt(easy, CURLOPT_RANGE, fmt::format("{}-", have_).c_str());
    headers_.reset(curl_slist_append(nullptr, ("If-Range: " + origin_.mark).c_str()));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  }
}

std::size_t Download::take_header(std::string_view line) {
  const std::size_t size = line.size();
  line = trim(line);
  if (line.starts_with("HTTP/")) {  // of a redirection or of the answer itself: forget the last one's
    status_ = 0;
    length_ = range_start_ = range_total_ = 0;
    etag_.clear();
    modified_.clear();
    const std::size_t space = line.find(' ');
    if (space != std::string_view::npos) status_ = static_cast<long>(number_of(line.substr(space + 1)));
    return size;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  const std::string name = to_lower(line.substr(0, colon));
  const std::string_view value = trim(line.substr(colon + 1));
  if (name == "content-length") {
    length_ = number_of(value);
  } else if (name == "content-range" && value.starts_with("bytes ")) {  // bytes 100-199/200
    range_start_ = number_of(value.substr(6));
    if (const std::size_t slash = value.find('/'); slash != std::string_view::npos)
      range_total_ = number_of(value.substr(slash + 1));
  } else if (name == "etag" && !value.starts_with("W/") && value.size() < 512) {
    etag_ = value;
  } else if (name == "last-modified" && value.size() < 128) {
    modified_ = value;
  } else if (name == "x-linked-etag") {  // of the hub: the file's own sum, told before it redirects
    std::string sum = to_lower(value);
    std::erase(sum, '"');
    if (sum.size() == 64 && sum.find_first_not_of("0123456789abcdef") == std::string::npos) sha256_ = sum;
  }
  return size;
}

bool Download::begin_anew() {
  have_ = resumed_ = 0;
  if (::ftruncate(file_.get(), 0) == 0) return true;
  error_ = errno_error("cannot write " + part_);
  return false;
}

Status Download::test_space(std::uint64_t more) {
  struct statvfs disk {};
  if (::statvfs(part_.c_str(), &disk) != 0) return errno_error("cannot look at the disk of " + part_);
  const std::uint64_t available = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  if (more <= available && available - more >= request_.spare_bytes) return {};
  return Error{Code::does_not_fit,
               fmt::format("{} MiB are still to come and {} has {} MiB free", more / mib,
                           std::filesystem::path(part_).parent_path().string(), available / mib),
               "make room on that disk, or name another folder with --data"};
}

bool Download::begin_body() {
  body_began_ = true;
  const std::string mark = etag_.empty() ? modified_ : etag_;
  if (status_ == 206) {
    if (range_start_ != have_) {
      error_ = {Code::machine, "the server gave another part of the file than was asked for",
                "try again later"};
      return false;
    }
    total_ = range_total_ > 0 ? range_total_ : have_ + length_;
  } else {
    // The whole file: the server takes no ranges, or has another version of it.
    if (have_ > 0 && !begin_anew()) return false;
    total_ = length_;
  }
  if (have_ == 0) origin_ = {request_.url, mark};
  if (Status noted = write_origin(origin_path_, origin_); !noted) {
    error_ = noted.error();
    return false;
  }
  if (Status room = test_space(total_ - std::min(total_, have_)); !room) {
    error_ = room.error();
    return false;
  }
  return true;
}

std::size_t Download::take_body(std::string_view bytes) {
  if (status_ != 200 && status_ != 206) return bytes.size();  // the text of an error
  if (!body_began_ && !begin_body()) return 0;
  if (::lseek(file_.get(), static_cast<off_t>(have_), SEEK_SET) < 0) {
    error_ = errno_error("cannot write " + part_);
    return 0;
  }
  if (Status wrote = write_all(file_.get(), bytes); !wrote) {
    error_ = std::move(wrote.error()).in(part_);
    return 0;
  }
  have_ += bytes.size();
  arrived_ = true;
  observer_.progress(have_, total_, resumed_);
  return bytes.size();
}

Download::Next Download::judge(CURLcode code, long status) {
  if (stop_ && have_ == 0) return fail({Code::interrupted, "interrupted before anything arrived", ""});
  if (stop_)
    return fail(
        {Code::interrupted, "interrupted; what has arrived is kept", "the same command goes on from there"});
  if (!error_.what.empty()) return Next::give_up;
  most_attempts_ = request_.attempts;
  switch (code) {
    case CURLE_OK:
      break;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_TOO_MANY_REDIRECTS:
      return fail(
          {Code::usage, fmt::format("{}: {}", request_.url, curl_easy_strerror(code)), "see to the URL"});
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return fail({Code::machine, fmt::format("{}: {}", request_.url, curl_easy_strerror(code)),
                   "install ca-certificates, or set SSL_CERT_FILE to the authority of your proxy"});
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      if (!arrived_) most_attempts_ = 1;
      break;
    case CURLE_COULDNT_CONNECT:
      if (!arrived_) most_attempts_ = std::min(request_.attempts, request_.refused_attempts);
      break;
    default:
      break;
  }
  if (code != CURLE_OK) {
    error_ = {Code::machine, fmt::format("{}: {}", request_.url, curl_easy_strerror(code)),
              have_ == 0 ? "see to the URL and the network, then give the same command again"
                         : "see to the network, then give the same command again; it goes on from where it "
                           "stopped"};
    return Next::again;
  }
  if (status == 200 || status == 206) {
    if (!body_began_ && !begin_body()) return Next::give_up;  // an empty file
    if (total_ == 0 || have_ == total_) return Next::done;
    error_ = {Code::machine,
              fmt::format("{}: the connection ended {} bytes too early", request_.url, total_ - have_),
              "give the same command again; it goes on from where it stopped"};
    return Next::again;
  }
  if (status == 416 &&
      have_ > 0) {  // nothing behind what is there: either that is all, or the file is another
    if (range_total_ == have_) {
      total_ = have_;
      return Next::done;
    }
    if (!begin_anew()) return Next::give_up;
    error_ = {Code::machine, fmt::format("{}: the file on the server is another one now", request_.url), ""};
    return Next::again;
  }
  if (status == 429 || status >= 500) {
    error_ = {Code::machine, fmt::format("{}: the server answers {}", request_.url, status),
              "try again later"};
    return Next::again;
  }
  std::string remedy = "see to the URL";
  if (status == 401 || status == 403)
    remedy = "accept its terms on the hub where it is gated, and set HF_TOKEN to a token of yours";
  return fail({Code::usage, fmt::format("{}: the server answers {}", request_.url, status), remedy});
}

Download::Next Download::attempt() {
  const std::unique_ptr<CURL, FreeEasy> easy(curl_easy_init());
  if (!easy) return fail({Code::machine, "libcurl cannot be used", ""});
  error_ = {};
  status_ = 0;
  body_began_ = false;
  prepare(easy.get());
  const CURLcode code = curl_easy_perform(easy.get());
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  return judge(code, status);
}

void Download::pause(double seconds) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!stop_ && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

void Download::leave_nothing_empty() {
  if (have_ > 0) return;
  std::error_code error;
  std::filesystem::remove(origin_path_, error);
  std::filesystem::remove(part_, error);
}

Status Download::get() {
  double wait = request_.first_pause_s;
  for (int failures = 0;;) {
    const std::uint64_t before = have_;
    const Next next = attempt();
    if (next == Next::done) break;
    if (next == Next::give_up) return error_;
    if (have_ > before) {  // it moves: be patient
      failures = 0;
      wait = request_.first_pause_s;
    }
    if (++failures >= most_attempts_) return error_;
    observer_.retry(failures, most_attempts_ - 1, wait, error_.what);
    pause(wait);
    wait = std::min(wait * 2, longest_pause_s);
  }
  if (::fsync(file_.get()) != 0) return errno_error("cannot write " + part_);
  return {};
}

Result<Fetched> Download::run() {
  if (Status opened = open_part(); !opened) return opened.error();
  if (Status got = get(); !got) {
    leave_nothing_empty();
    return got.error();
  }
  return Fetched{have_, resumed_, sha256_};
}

}  // namespace

Result<Fetched> fetch(const FetchRequest& request, const FetchObserver& observer,
                      const std::atomic<bool>& stop) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return Error{Code::machine, "libcurl cannot be used", ""};
  return Download(request, observer, stop).run();
}

}  // namespace carrel
