#include <algorithm>
#include <vector>

#include <openssl/evp.h>
#include <rapidjson/prettywriter.h>
#include <zlib.h>

#include "base/read_value.h"
#include "base/text.h"
#include "collect/cluster/cluster_tasks.h"

namespace carrel {
namespace {

using PrettyText = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

constexpr std::size_t most_release = 32 << 20;  // of one release, unpacked: a chart and its values
constexpr const char* hidden = "***HIDDEN***";

// Empty where it is no base64.
std::string from_base64(std::string_view text) {
  std::string clean;
  std::copy_if(text.begin(), text.end(), std::back_inserter(clean),
               [](char c) { return c != '\n' && c != '\r'; });
  std::string out(clean.size() / 4 * 3 + 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(clean.data()), static_cast<int>(clean.size()));
  if (size < 0) return "";
  const auto padding = static_cast<std::size_t>(clean.ends_with("==") ? 2 : clean.ends_with('=') ? 1 : 0);
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

// Empty where it is no gzip, or more than a release can be.
std::string from_gzip(std::string_view packed) {
  z_stream stream{};
  if (::inflateInit2(&stream, 15 + 16) != Z_OK) return "";
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK && out.size() <= most_release) {
    const std::size_t old = out.size();
    out.resize(old + (256 << 10));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + old);
    stream.avail_out = 256 << 10;
    state = ::inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  ::inflateEnd(&stream);
  return state == Z_STREAM_END ? out : "";
}

void put(PrettyText& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

// The shape of the values alone: which settings are set.
void put_masked(PrettyText& writer, const Value& value) {
  switch (value.kind) {
    case Value::Kind::object:
      writer.StartObject();
      for (const auto& [key, member] : value.members) {
        writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
        put_masked(writer, member);
      }
      writer.EndObject();
      return;
    case Value::Kind::array:
      writer.StartArray();
      for (const Value& item : value.items) put_masked(writer, item);
      writer.EndArray();
      return;
    case Value::Kind::boolean:
      writer.Bool(value.is_true());
      return;
    case Value::Kind::null:
      writer.Null();
      return;
    case Value::Kind::number:
    case Value::Kind::string:
      put(writer, hidden);
  }
}

void put_release(PrettyText& writer, const Value& secret, const Value& release) {
  const auto member = [&](const char* key, std::string_view text) {
    writer.Key(key);
    put(writer, text);
  };
  const Value& labels = secret["metadata"]["labels"];
  const Value& chart = release["chart"]["metadata"];
  const Value& info = release["info"];
  writer.StartObject();
  member("releaseName", labels["name"].text());
  member("namespace", secret["metadata"]["namespace"].text());
  member("revision", labels["version"].text());
  member("status", labels["status"].text());
  if (!release.exists()) {
    member("error", "the release could not be decoded");
  } else {
    member("description", info["description"].text());
    member("firstDeployed", info["first_deployed"].text());
    member("lastDeployed", info["last_deployed"].text());
    member("chart", chart["name"].text());
    member("chartVersion", chart["version"].text());
    member("appVersion", chart["appVersion"].text());
    writer.Key("values");
    put_masked(writer, release["config"]);
  }
  writer.EndObject();
}

}  // namespace

// A Secret's data is base64, Helm's own base64 within it, of gzip, of JSON
// (helm.sh/helm/v3/pkg/storage/driver).
std::string helm_releases(const Value& list) {
  std::string all;
  for (const Value& secret : list["items"].items) {
    const std::string json = from_gzip(from_base64(from_base64(secret["data"]["release"].text())));
    const auto release = read_json(json);
    rapidjson::StringBuffer out;
    PrettyText writer(out);
    writer.SetIndent(' ', 2);
    put_release(writer, secret, release ? *release : Value::null());
    all += (all.empty() ? "\n" : ",\n") + std::string(out.GetString());
  }
  return all;
}

}  // namespace carrel
